//! A schema's comment goes: MariaDB keeps one, MySQL does not take it.

use super::draft::SchemaDraft;
use super::{Context, Rewrite};
use crate::facts::Flavor;
use crate::sql::Edit;

const NAME: &str = "schema_comment";
pub(super) const REWRITE: Rewrite =
    Rewrite { name: NAME, schema: Some(schema), table: None, stored: None };

fn schema(draft: &mut SchemaDraft<'_>, context: &Context<'_>) {
    if context.target.version.flavor != Flavor::MySql {
        return;
    }
    let Some(option) = draft.options().into_iter().find(|option| option.name == "COMMENT") else {
        return;
    };
    let edit = Edit::delete(draft.sql.with_frame(option.span));
    draft.sql.edit(vec![edit]);
    draft.notes.change(
        NAME,
        format!("no comment {:?}", option.value),
        "MySQL keeps none for schemas",
    );
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{self, World, told};
    use super::super::schema;

    #[test]
    fn the_comment_goes_and_the_rest_stays() {
        let create = "CREATE DATABASE `comment` /*!40100 DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin */";
        let made =
            fixture::schema("comment", &format!("{create} COMMENT 'it''s; x'"), "utf8mb4_bin");
        let script = schema(&made, &World::mariadb().context());
        assert_eq!(script.create, create);
        assert_eq!(
            told(&script.changes, &script.refusals),
            [r#"schema_comment: no comment "it's; x""#]
        );
    }
}
