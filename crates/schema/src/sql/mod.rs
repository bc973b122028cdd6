//! MySQL's SQL as text: tokens, edits of spans, the parts of a definition, statements of a script.
//!
//! Nothing here parses SQL into a tree or prints it from one. A definition is cut into tokens that
//! together are the text, the few places a rewrite cares for are located, and edits replace spans;
//! every byte no edit names stays as the server wrote it.

pub mod lexer;
pub mod edit;
mod text;
pub mod table;
pub mod with_keys;
pub mod column;
pub mod stored;
pub mod statement;
pub mod script;

pub use self::edit::{Edit, apply};
pub use self::lexer::{Dialect, Token, TokenKind, lex};
pub use self::statement::DefinitionStatement;
pub use self::text::{Cursor, NamePath, Span, Sql, split_path, unquote};
