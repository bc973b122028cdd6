//! The fixes as scripts, by who must run them: safe ones apart from those that need thought, with the way back.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use sealift_engine::fault::{ErrorCode, Fault};
use sealift_schema::rule::{Assessment, Care, Fix, Found, Hand};

/// Files by name, each with its text.
type Files = BTreeMap<String, String>;

/// Writes the scripts into a folder, which must not hold anything yet; returns their names.
pub(crate) fn write(assessment: &Assessment, folder: &Path) -> Result<Vec<PathBuf>, Fault> {
    let failed = |path: &Path, cause: std::io::Error| {
        Fault::new(ErrorCode::UsageInvalid, "write the fix scripts")
            .about(format!("folder {}", path.display()))
            .because(cause)
            .advise("name a folder that can be written with --fix-script")
    };
    fs::create_dir_all(folder).map_err(|cause| failed(folder, cause))?;
    let mut held = fs::read_dir(folder).map_err(|cause| failed(folder, cause))?;
    if held.next().is_some() {
        return Err(Fault::new(ErrorCode::UsageInvalid, "the folder for fix scripts is not empty")
            .about(format!("folder {}", folder.display()))
            .advise("name a new folder: scripts somebody edited are never overwritten"));
    }
    let mut written = Vec::new();
    for (name, text) in files(assessment) {
        let path = folder.join(name);
        fs::write(&path, text).map_err(|cause| failed(&path, cause))?;
        written.push(path);
    }
    Ok(written)
}

/// What the folder holds.
fn files(assessment: &Assessment) -> Files {
    let mut files = Files::new();
    let mut seen: BTreeMap<(String, String), ()> = BTreeMap::new();
    for check in &assessment.checks {
        for found in check.findings.iter().filter(|found| found.accepted.is_none()) {
            for fix in &found.fixes {
                let (name, comment) = place(fix);
                if seen.insert((name.clone(), fix.text.clone()), ()).is_some() {
                    continue;
                }
                let file = files.entry(name.clone()).or_insert_with(|| head(&name, fix));
                entry(file, comment, &check.id, found, fix, &fix.text);
                if let Some(revert) = &fix.revert {
                    let name = revert_name(fix.by);
                    let file = files.entry(name.clone()).or_insert_with(|| head(&name, fix));
                    entry(file, comment, &check.id, found, fix, revert);
                }
            }
        }
    }
    files
}

/// The file a fix stands in, and how a comment begins there.
fn place(fix: &Fix) -> (String, &'static str) {
    let care = match fix.care {
        Care::Safe => "safe",
        Care::Thought => "think-first",
    };
    match fix.by {
        Hand::SourceAdmin => (format!("source-{care}.sql"), "--"),
        Hand::TargetAdmin => (format!("target-{care}.sql"), "--"),
        Hand::Azure => (format!("azure-{care}.sh"), "#"),
        Hand::Operator => ("sealift.toml.txt".to_owned(), "#"),
        Hand::People => ("advice.txt".to_owned(), "#"),
    }
}

fn revert_name(by: Hand) -> String {
    match by {
        Hand::SourceAdmin => "source-revert.sql".to_owned(),
        Hand::TargetAdmin => "target-revert.sql".to_owned(),
        Hand::Azure | Hand::Operator | Hand::People => "azure-revert.sh".to_owned(),
    }
}

/// What a person reads first.
fn head(name: &str, fix: &Fix) -> String {
    let who = match fix.by {
        Hand::SourceAdmin => "To be run on the source by its administrator.",
        Hand::TargetAdmin => "To be run on the target by its administrator.",
        Hand::Azure => {
            "To be run by who may change the Azure server, with RG and SERVER in the environment."
        }
        Hand::Operator => "Keys of sealift.toml: take what you want into it.",
        Hand::People => "What no statement can do.",
    };
    let what = match (name.contains("revert"), fix.care) {
        (true, _) => "It takes back what the other scripts set: run it after the migration.",
        (false, Care::Safe) => "Nothing here takes anything away.",
        (false, Care::Thought) => {
            "Read each one first: it changes data, locks a table, or changes what an application sees. Names in … are yours to fill in."
        }
    };
    if name.ends_with(".sh") {
        // A source's own commands name it apart from the target.
        return format!(
            "#!/bin/sh\n# {who}\n# {what}\nset -eu\n: \"${{RG:?the resource group}}\" \"${{SERVER:?the target's name}}\"\n"
        );
    }
    let comment = if name.ends_with(".sql") { "--" } else { "#" };
    format!("{comment} {who}\n{comment} {what}\n")
}

/// One fix with the finding it is for; what has to be filled in is a comment.
fn entry(file: &mut String, comment: &str, id: &str, found: &Found, fix: &Fix, text: &str) {
    let one_line = |text: &str| text.replace(['\n', '\r'], " ");
    let optional = if found.is_optional(fix) {
        format!("{comment} optional, the migration does without it:\n")
    } else {
        String::new()
    };
    let (object, what) = (one_line(&found.object), one_line(&found.what));
    // Writing to a string cannot fail.
    let _infallible = writeln!(file, "\n{optional}{comment} {id}: {object}: {what}");
    let text = match fix.by {
        Hand::SourceAdmin | Hand::TargetAdmin => format!("{};", one_line(text)),
        Hand::Azure => one_line(text)
            .replace("--resource-group RG", "--resource-group \"$RG\"")
            .replace("--server-name SERVER", "--server-name \"$SERVER\"")
            .replace("--server-name SOURCE", "--server-name \"${SOURCE:?the source's name}\"")
            .replace("--name SERVER", "--name \"$SERVER\""),
        Hand::Operator | Hand::People => one_line(text),
    };
    let is_statement = match fix.by {
        Hand::SourceAdmin | Hand::TargetAdmin => is_sql(&text),
        Hand::Azure => text.starts_with("az "),
        Hand::Operator => true,
        Hand::People => true,
    };
    let _infallible = if is_statement && !text.contains('…') {
        writeln!(file, "{text}")
    } else {
        writeln!(file, "{comment} {text}")
    };
}

/// Whether a text begins like a statement; advice does not.
fn is_sql(text: &str) -> bool {
    const VERBS: [&str; 14] = [
        "ALTER ", "CALL ", "CHECK ", "CREATE ", "DROP ", "GRANT ", "KILL ", "RENAME ", "RESET ",
        "REVOKE ", "SET ", "START ", "STOP ", "XA ",
    ];
    VERBS.iter().any(|verb| text.starts_with(verb)) && !text.contains("; then ")
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn fixes_are_grouped_by_who_runs_them_and_by_care() {
        let files = files(&sample::assessment());
        let names: Vec<&str> = files.keys().map(String::as_str).collect();
        assert_eq!(
            names,
            ["azure-revert.sh", "azure-safe.sh", "sealift.toml.txt", "source-think-first.sql"]
        );
        let sql = files.get("source-think-first.sql").unwrap();
        assert!(
            sql.contains("-- no-primary-key: table `shop`.`log`: no primary key\nALTER TABLE"),
            "{sql}"
        );
        assert_eq!(sql.matches("ALTER TABLE").count(), 1, "told once:\n{sql}");
        assert!(sql.contains("\n-- optional, the migration does without it:\n-- no-primary-key"));
        let shell = files.get("azure-safe.sh").unwrap();
        assert!(!shell.contains("optional"), "{shell}");
        assert!(
            shell.starts_with("#!/bin/sh\n") && shell.contains("--resource-group \"$RG\""),
            "{shell}"
        );
        let back = files.get("azure-revert.sh").unwrap();
        assert!(back.contains("--name local_infile --value 'OFF'"), "{back}");
    }

    #[test]
    fn what_must_be_filled_in_does_not_run() {
        let mut assessment = sample::assessment();
        let fix = assessment.checks[0].findings[0].fixes.first_mut().unwrap();
        fix.text = "RENAME TABLE `a` TO `…`".to_owned();
        let files = files(&assessment);
        assert!(files["source-think-first.sql"].contains("\n-- RENAME TABLE `a` TO `…`;"));
    }

    #[test]
    fn a_folder_that_holds_something_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let scripts = folder.path().join("fixes");
        assert_eq!(write(&sample::assessment(), &scripts).unwrap().len(), 4);
        let again = write(&sample::assessment(), &scripts).unwrap_err();
        assert_eq!(again.code, ErrorCode::UsageInvalid);
    }
}
