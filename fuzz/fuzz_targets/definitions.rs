//! What a server prints of its objects, what its log has of statements, and scripts that a person wrote.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sealift_schema::sql::column::ColumnText;
use sealift_schema::sql::script;
use sealift_schema::sql::stored::StoredText;
use sealift_schema::sql::table::TableText;
use sealift_schema::sql::{DefinitionStatement, Dialect, Sql, lex, split_path, unquote};

fuzz_target!(|text: &str| {
    for mode in ["", "ANSI_QUOTES,NO_BACKSLASH_ESCAPES"] {
        let dialect = Dialect::of_sql_mode(mode);
        let end = lex(text, dialect).iter().fold(0, |end, token| {
            assert_eq!(token.start, end, "a gap between two tokens");
            token.end
        });
        assert_eq!(end, text.len(), "the end is left out");
        let _statements = script::split(text, dialect).len();
        let sql = Sql::new(text, dialect);
        if let Ok(table) = TableText::read(&sql) {
            for item in &table.items {
                let _column = ColumnText::read(&sql, item);
            }
        }
        let _stored = StoredText::read(&sql).is_ok();
        let _objects = DefinitionStatement::read(text, dialect).objects("shop");
    }
    let _name = (unquote(text), split_path(text));
});
