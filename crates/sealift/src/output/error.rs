//! The one place where errors become text for people.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use sealift_engine::report::FaultReport;

use super::text::{clean, wrap};

const STRONG: Style = AnsiColor::Red.on_default().bold();
const LABEL: Style = Style::new().dimmed();

/// An error in at most `width` columns, with colours.
pub(crate) fn styled(fault: &FaultReport, width: usize) -> String {
    let mut told = format!(
        "{STRONG}error {code}{STRONG:#}: {title}\n",
        code = fault.code.code(),
        title = fault.code.title()
    );
    let side = fault.side.map(|side| side.to_string());
    let what = (fault.what != fault.code.title()).then_some(fault.what.as_str());
    for (label, words) in [
        ("side", side.as_deref()),
        ("object", fault.object.as_deref()),
        ("what", what),
        ("cause", fault.cause.as_deref()),
        ("remedy", Some(fault.remedy.as_str())),
        ("page", Some(fault.page.as_str())),
    ] {
        let Some(words) = words else { continue };
        let mut label = format!("{label:<6}");
        for line in wrap(&clean(words), width.saturating_sub(10)) {
            // Writing to a string cannot fail.
            let _infallible = writeln!(told, "  {LABEL}{label}{LABEL:#}  {line}");
            label = " ".repeat(6);
        }
    }
    told
}

/// The same without colours.
#[cfg(test)]
pub(crate) fn plain(fault: &FaultReport, width: usize) -> String {
    anstream::adapter::strip_str(&styled(fault, width)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use insta::assert_snapshot;
    use sealift_engine::fault::{ErrorCode, Fault};
    use sealift_mysql::error::MysqlError;
    use sealift_schema::facts::Side;

    #[test]
    fn an_error_says_where_what_why_and_what_to_do() {
        let refused = MysqlError::Server {
            code: 1142,
            state: "42000".into(),
            message: "SELECT command denied to user 'app'@'%' for table 'or\u{1b}[31mders' "
                .repeat(2),
        };
        let fault =
            Fault::server(Side::Source, "read rows", refused).about("table `shop`.`orders`");
        assert_snapshot!(plain(&FaultReport::from(&fault), 80), @r"
        error SL0403: a privilege is missing
          side    source
          object  table `shop`.`orders`
          what    read rows
          cause   SELECT command denied to user 'app'@'%' for table 'or\u{1b}[31mders'
                  SELECT command denied to user 'app'@'%' for table 'or\u{1b}[31mders'
                  (error 1142, state 42000)
          remedy  grant what is named, then run the same command again
          page    docs/errors/SL0403.md
        ");
    }

    #[test]
    fn what_only_repeats_the_title_is_left_out() {
        let fault = Fault::new(ErrorCode::PlanMissing, "there is no plan");
        assert_snapshot!(plain(&FaultReport::from(&fault), 60), @r"
        error SL0205: there is no plan
          remedy  run sealift plan first
          page    docs/errors/SL0205.md
        ");
    }
}
