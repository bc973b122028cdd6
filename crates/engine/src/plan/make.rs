//! Writes the plan's folder, or writes it again around what people have edited.

use std::collections::{BTreeMap, BTreeSet};

use sealift_schema::name::ObjectKind;

use super::changes;
use super::draft::{Draft, DraftStep, Note};
use super::file_name::FileNames;
use super::folder::{CHANGES, Folder};
use super::manifest::{Entry, Manifest};
use super::reconcile::{Decision, Drafted, Fate, reconcile};
use super::script::{State, step_words};
use crate::fault::Fault;
use crate::stage::{Part, Step};

/// What `plan` did.
#[derive(Clone, Debug, Default)]
pub struct Planned {
    /// Every script of the plan, in the order they are carried out.
    pub scripts: Vec<PlannedScript>,
    /// Scripts whose object is no longer on the source, or no longer selected.
    pub gone: Vec<Gone>,
    /// Script files the plan does not know; they are not carried out. Paths below the folder.
    pub strays: Vec<String>,
}

/// One script, as `plan` leaves it.
#[derive(Clone, Debug)]
pub struct PlannedScript {
    /// What it makes.
    pub step: Step,
    /// Path below the folder.
    pub file: String,
    /// What `plan` did with it.
    pub fate: Fate,
    /// What will be done with it.
    pub state: State,
    /// Why it looks as it does, and what stands against it.
    pub notes: Vec<Note>,
    /// What moved on the source beneath a person's version, as a unified diff.
    pub moved: Option<String>,
}

/// A script whose object is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gone {
    /// What it made.
    pub step: Step,
    /// Path below the folder.
    pub file: String,
    /// Whether the file was left because a person had edited or locked it; it is not carried out.
    pub left: bool,
}

impl Planned {
    /// How many scripts had this fate.
    #[must_use]
    pub fn count(&self, fate: Fate) -> usize {
        self.scripts.iter().filter(|script| script.fate == fate).count()
    }

    /// Scripts that carry a person's version beneath which the source moved.
    pub fn moved(&self) -> impl Iterator<Item = (&PlannedScript, &str)> {
        self.scripts.iter().filter_map(|s| s.moved.as_deref().map(|diff| (s, diff)))
    }

    /// Scripts that will not be carried out.
    pub fn skipped(&self) -> impl Iterator<Item = &PlannedScript> {
        self.scripts.iter().filter(|script| script.state == State::Skip)
    }
}

/// Writes a draft into the folder. Scripts nobody touched follow the draft; edited and locked ones stay.
///
/// The manifest is written before the scripts, with the old hashes beside the new: a run that is
/// interrupted in between takes none of its own files for an edit.
///
/// # Errors
/// When a file cannot be used or written.
pub fn write(draft: &Draft, folder: &Folder) -> Result<Planned, Fault> {
    let old = folder.manifest()?.unwrap_or_else(|| Manifest::new(BTreeMap::new()));
    let known = old.by_step();
    let files = files(draft, &old);
    let mut manifest = Manifest::new(draft.settings.clone());
    let mut planned = Planned::default();
    let mut decided = Vec::with_capacity(draft.steps.len());
    for (step, file) in draft.steps.iter().zip(&files) {
        let entry = known.get(&step.step).copied();
        let found = folder.script(file)?;
        if let Some(found) = &found {
            same_object(folder, file, &found.step, &step.step)?;
        }
        let decision = reconcile(step, entry.map(Entry::remembered), found);
        let entry = remember(step, file, entry, &decision);
        manifest.sources.insert(entry.source.clone(), step.source.clone());
        planned.scripts.push(PlannedScript {
            step: step.step.clone(),
            file: file.clone(),
            fate: decision.fate,
            state: decision.script.state,
            notes: step.notes.clone(),
            moved: moved(step, &entry, &old, &decision),
        });
        manifest.steps.push(entry);
        decided.push(decision);
    }
    keep_sources(&mut manifest, &old);
    manifest.unfinished =
        decided.iter().any(|d| matches!(d.fate, Fate::Created | Fate::Regenerated));
    folder.write_manifest(&manifest)?;
    for (script, decision) in planned.scripts.iter().zip(&decided) {
        if matches!(decision.fate, Fate::Created | Fate::Regenerated) {
            folder.write(&script.file, &decision.script.print())?;
        }
    }
    planned.gone = remove_gone(&old, &manifest, folder)?;
    let pairs = draft.steps.iter().zip(&planned.scripts).zip(&decided);
    let pairs =
        pairs.map(|((step, script), decision)| (step, script, decision.script.body.as_str()));
    folder.write(CHANGES, &changes::text(pairs))?;
    if manifest.unfinished {
        manifest.unfinished = false;
        manifest.steps.iter_mut().for_each(|entry| entry.before = None);
        folder.write_manifest(&manifest)?;
    }
    let known: BTreeSet<&str> = files.iter().map(String::as_str).collect();
    planned.strays = folder.strays(&known)?;
    let gone: BTreeSet<&str> = planned.gone.iter().map(|gone| gone.file.as_str()).collect();
    planned.strays.retain(|file| !gone.contains(file.as_str()));
    Ok(planned)
}

/// The file of each step: the one it had, else a free one.
fn files(draft: &Draft, old: &Manifest) -> Vec<String> {
    let had: BTreeMap<&Step, &str> =
        old.steps.iter().map(|entry| (&entry.step, entry.file.as_str())).collect();
    let mut schemas = FileNames::default();
    let mut schema_names: BTreeMap<&str, String> = BTreeMap::new();
    let mut folders: BTreeMap<String, FileNames> = BTreeMap::new();
    for entry in &old.steps {
        let mut path = entry.file.rsplitn(2, '/');
        let (Some(name), Some(parent)) = (path.next(), path.next()) else { continue };
        folders.entry(parent.to_owned()).or_default().keep(name);
        let schema = match parent.split_once('/') {
            Some((_, schema)) => schema,
            None => name.strip_suffix(".sql").unwrap_or(name),
        };
        schemas.keep(schema);
        schema_names.insert(&entry.step.object.name.schema, schema.to_owned());
    }
    draft
        .steps
        .iter()
        .map(|DraftStep { step, .. }| {
            if let Some(file) = had.get(step) {
                return (*file).to_owned();
            }
            let name = &step.object.name;
            let schema = schema_names
                .entry(&name.schema)
                .or_insert_with(|| schemas.give(&name.schema, ""))
                .clone();
            let folder = step.part.folder();
            if step.part == Part::Schemas {
                return format!("{folder}/{schema}.sql");
            }
            let parent = format!("{folder}/{schema}");
            let file = folders.entry(parent.clone()).or_default().give(&name.name, ending(step));
            format!("{parent}/{file}")
        })
        .collect()
}

/// Functions and procedures may share a name, so theirs says which it is.
fn ending(step: &Step) -> &'static str {
    match step.object.kind {
        ObjectKind::Function => ".function.sql",
        ObjectKind::Procedure => ".procedure.sql",
        ObjectKind::Schema
        | ObjectKind::Table
        | ObjectKind::View
        | ObjectKind::Trigger
        | ObjectKind::Event => ".sql",
    }
}

/// A file that speaks of another object was copied, renamed or mixed up: better asked than guessed.
pub(crate) fn same_object(
    folder: &Folder,
    file: &str,
    found: &Step,
    expected: &Step,
) -> Result<(), Fault> {
    if found == expected {
        return Ok(());
    }
    Err(Fault::new(
        crate::fault::ErrorCode::PlanInvalid,
        format!(
            "{}: its object line says {}, but this is the file of {}",
            folder.path(file).display(),
            step_words(found),
            step_words(expected),
        ),
    ))
}

fn remember(step: &DraftStep, file: &str, old: Option<&Entry>, decision: &Decision) -> Entry {
    let state = step.state();
    let generated = step.script(state).body_hash();
    let before = old
        .filter(|_| decision.fate == Fate::Regenerated)
        .map(|entry| entry.generated.clone())
        .filter(|hash| *hash != generated);
    Entry {
        step: step.step.clone(),
        target: step.target.clone(),
        table: step.table.clone(),
        reads: step.reads.clone(),
        file: file.to_owned(),
        source: step.source_hash(),
        generated,
        before,
        state,
        notes: step.notes.clone(),
        kept: decision.kept.clone(),
    }
}

fn moved(step: &DraftStep, entry: &Entry, old: &Manifest, decision: &Decision) -> Option<String> {
    if !decision.moved {
        return None;
    }
    let based_on = entry.kept.as_ref().and_then(|kept| old.sources.get(&kept.based_on));
    let before = based_on.map_or("", String::as_str);
    Some(changes::unified(before, &step.source, "source when it was edited", "source now"))
}

/// Carries over the texts that people's versions were based on.
fn keep_sources(manifest: &mut Manifest, old: &Manifest) {
    for kept in manifest.steps.iter().filter_map(|entry| entry.kept.as_ref()) {
        if let Some(text) = old.sources.get(&kept.based_on) {
            manifest.sources.entry(kept.based_on.clone()).or_insert_with(|| text.clone());
        }
    }
}

fn remove_gone(old: &Manifest, new: &Manifest, folder: &Folder) -> Result<Vec<Gone>, Fault> {
    let present: BTreeSet<&Step> = new.steps.iter().map(|entry| &entry.step).collect();
    let mut gone = Vec::new();
    for entry in old.steps.iter().filter(|entry| !present.contains(&entry.step)) {
        let Some(script) = folder.script::<Step>(&entry.file)? else { continue };
        let hash = script.body_hash();
        let own = hash == entry.generated || entry.before.as_ref() == Some(&hash);
        let left = script.state == State::Locked || !own;
        if !left {
            folder.remove(&entry.file)?;
        }
        gone.push(Gone { step: entry.step.clone(), file: entry.file.clone(), left });
    }
    Ok(gone)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use sealift_schema::name::{ObjectId, QualifiedName};

    use super::*;
    use crate::fault::ErrorCode;

    fn step(part: Part, kind: ObjectKind, name: &str) -> Step {
        Step { part, object: ObjectId::new(kind, QualifiedName::new("shop", name)) }
    }

    fn table(name: &str, source: &str) -> DraftStep {
        DraftStep {
            step: step(Part::Tables, ObjectKind::Table, name),
            target: QualifiedName::new("shop", name),
            table: None,
            reads: Vec::new(),
            source: format!("{source}\n"),
            body: format!("USE `shop`;\n{source};\n"),
            notes: Vec::new(),
        }
    }

    fn draft(steps: impl IntoIterator<Item = DraftStep>) -> Draft {
        Draft { settings: BTreeMap::new(), steps: steps.into_iter().collect() }
    }

    struct Bench {
        _home: tempfile::TempDir,
        folder: Folder,
    }

    const FILE: &str = "20-tables/shop/t.sql";

    impl Bench {
        fn new() -> Self {
            let home = tempfile::tempdir().unwrap();
            Self { folder: Folder::new(home.path().join("plan")), _home: home }
        }

        fn plan(&self, steps: impl IntoIterator<Item = DraftStep>) -> Planned {
            write(&draft(steps), &self.folder).unwrap()
        }

        fn text(&self, file: &str) -> String {
            fs::read_to_string(self.folder.path(file)).unwrap()
        }

        fn edit(&self, file: &str, from: &str, to: &str) {
            let text = self.text(file);
            assert!(text.contains(from), "{text}");
            fs::write(self.folder.path(file), text.replace(from, to)).unwrap();
        }
    }

    #[derive(Clone, Copy, Debug)]
    enum Touch {
        None,
        Edited,
        Locked,
        Skipped,
        EditedAndSkipped,
        Deleted,
    }

    fn touch(bench: &Bench, touch: Touch) {
        let state = |to: &str| bench.edit(FILE, "state generated", &format!("state {to}"));
        match touch {
            Touch::None => {}
            Touch::Edited => bench.edit(FILE, "int", "bigint"),
            Touch::Locked => state("locked"),
            Touch::Skipped => state("skip"),
            Touch::EditedAndSkipped => {
                bench.edit(FILE, "int", "bigint");
                state("skip");
            }
            Touch::Deleted => fs::remove_file(bench.folder.path(FILE)).unwrap(),
        }
    }

    #[test]
    fn the_matrix_of_touched_scripts_and_a_source_that_moves_or_not() {
        let same = "CREATE TABLE `t` (`a` int)";
        let other = "CREATE TABLE `t` (`a` int, `b` int)";
        // What was done to the file, the source's text now → fate, state, moved, new column in the file.
        let cases = [
            (Touch::None, same, Fate::Unchanged, State::Generated, false, false),
            (Touch::None, other, Fate::Regenerated, State::Generated, false, true),
            (Touch::Edited, same, Fate::Edited, State::Generated, false, false),
            (Touch::Edited, other, Fate::Edited, State::Generated, true, false),
            (Touch::Locked, same, Fate::Locked, State::Locked, false, false),
            (Touch::Locked, other, Fate::Locked, State::Locked, true, false),
            (Touch::Skipped, same, Fate::Unchanged, State::Skip, false, false),
            (Touch::Skipped, other, Fate::Regenerated, State::Skip, false, true),
            (Touch::EditedAndSkipped, same, Fate::Edited, State::Skip, false, false),
            (Touch::EditedAndSkipped, other, Fate::Edited, State::Skip, true, false),
            (Touch::Deleted, same, Fate::Created, State::Generated, false, false),
            (Touch::Deleted, other, Fate::Created, State::Generated, false, true),
        ];
        for (touched, source, fate, state, moved, new_column) in cases {
            let bench = Bench::new();
            assert_eq!(bench.plan([table("t", same)]).count(Fate::Created), 1);
            touch(&bench, touched);
            let planned = bench.plan([table("t", source)]);
            let script = planned.scripts.first().unwrap();
            let context = format!("{touched:?} with {source}");
            assert_eq!(script.fate, fate, "{context}");
            assert_eq!(script.state, state, "{context}");
            assert_eq!(script.moved.is_some(), moved, "{context}");
            assert_eq!(bench.text(FILE).contains("`b`"), new_column, "{context}");
            if let Some(diff) = &script.moved {
                assert!(diff.contains("+CREATE TABLE `t` (`a` int, `b` int)"), "{diff}");
                assert!(bench.text(CHANGES).contains("# the source has moved beneath it:"));
            }
        }
    }

    #[test]
    fn a_script_whose_object_is_gone_goes_unless_a_person_has_touched_it() {
        for (touched, left) in [
            (Touch::None, false),
            (Touch::Skipped, false),
            (Touch::Edited, true),
            (Touch::Locked, true),
            (Touch::EditedAndSkipped, true),
        ] {
            let bench = Bench::new();
            bench.plan([table("t", "CREATE TABLE `t` (`a` int)")]);
            touch(&bench, touched);
            let planned = bench.plan([]);
            let [gone] = planned.gone.as_slice() else { panic!("{planned:?}") };
            assert_eq!((gone.file.as_str(), gone.left), (FILE, left), "{touched:?}");
            assert_eq!(bench.folder.path(FILE).exists(), left, "{touched:?}");
            assert_eq!(bench.folder.path("20-tables/shop").exists(), left, "{touched:?}");
            assert!(planned.strays.is_empty());
            // From now on it is a file the plan does not know.
            assert_eq!(bench.plan([]).strays.len(), usize::from(left), "{touched:?}");
        }
    }

    #[test]
    fn an_edit_is_told_of_until_it_is_looked_at_again() {
        let bench = Bench::new();
        let moved = |planned: &Planned| planned.moved().count();
        bench.plan([table("t", "CREATE TABLE `t` (`a` int)")]);
        bench.edit(FILE, "int", "bigint");
        assert_eq!(moved(&bench.plan([table("t", "CREATE TABLE `t` (`a` int, `b` int)")])), 1);
        assert_eq!(moved(&bench.plan([table("t", "CREATE TABLE `t` (`a` int, `b` int)")])), 1);
        bench.edit(FILE, "bigint)", "bigint, `b` int)");
        assert_eq!(moved(&bench.plan([table("t", "CREATE TABLE `t` (`a` int, `b` int)")])), 0);
        // An edit that is taken back makes the script sealift's own again.
        bench.edit(FILE, "bigint", "int");
        let planned = bench.plan([table("t", "CREATE TABLE `t` (`a` int, `b` int)")]);
        assert_eq!(planned.count(Fate::Unchanged), 1);
    }

    fn refused(source: &str) -> DraftStep {
        let note = Note::Refused {
            rewrite: "sequence".into(),
            what: "a sequence".into(),
            why: "MySQL has none".into(),
            remedy: "use a table".into(),
        };
        DraftStep { notes: vec![note], ..table("t", source) }
    }

    #[test]
    fn a_refused_object_is_skipped_until_a_person_or_the_policy_says_otherwise() {
        let bench = Bench::new();
        let text = "CREATE TABLE `t` (`a` int)";
        let state = |planned: &Planned| planned.scripts.first().unwrap().state;
        assert_eq!(state(&bench.plan([refused(text)])), State::Skip);
        assert!(bench.text(FILE).contains("refused sequence: a sequence, because MySQL has none"));
        // The refusal falls away: so does the skip that sealift gave.
        assert_eq!(state(&bench.plan([table("t", text)])), State::Generated);
        assert_eq!(state(&bench.plan([refused(text)])), State::Skip);
        // A person who wants it anyway is obeyed.
        bench.edit(FILE, "state skip", "state generated");
        assert_eq!(state(&bench.plan([refused(text)])), State::Generated);
        assert_eq!(state(&bench.plan([refused("CREATE TABLE `t` (`b` int)")])), State::Generated);
    }

    #[test]
    fn without_its_manifest_a_folder_is_taken_over_and_edits_are_kept() {
        let bench = Bench::new();
        let steps =
            || [table("t", "CREATE TABLE `t` (`a` int)"), table("u", "CREATE TABLE `u` (`a` int)")];
        bench.plan(steps());
        bench.edit(FILE, "int", "bigint");
        fs::remove_file(bench.folder.path("plan.json")).unwrap();
        let planned = bench.plan(steps());
        assert_eq!((planned.count(Fate::Edited), planned.count(Fate::Unchanged)), (1, 1));
    }

    #[test]
    fn a_plan_killed_between_its_files_takes_none_for_an_edit() {
        let bench = Bench::new();
        let old =
            || [table("t", "CREATE TABLE `t` (`a` int)"), table("u", "CREATE TABLE `u` (`a` int)")];
        bench.plan(old());
        let before = bench.text(FILE);
        // As after a kill: the manifest knows the new text, one script still has the old one.
        let new =
            draft(old().map(|step| DraftStep { body: step.body.replace("int", "bigint"), ..step }));
        let manifest = {
            let old = bench.folder.manifest().unwrap().unwrap();
            write(&new, &bench.folder).unwrap();
            let mut manifest = bench.folder.manifest().unwrap().unwrap();
            for (entry, old) in manifest.steps.iter_mut().zip(old.steps) {
                entry.before = Some(old.generated);
            }
            manifest
        };
        fs::write(bench.folder.path(FILE), before).unwrap();
        bench.folder.write_manifest(&manifest).unwrap();
        let newest = new.steps.iter().map(|step| DraftStep {
            body: step.body.replace("bigint", "smallint"),
            ..step.clone()
        });
        assert_eq!(bench.plan(newest).count(Fate::Regenerated), 2);
    }

    #[test]
    fn a_file_that_speaks_of_another_object_is_refused_by_name() {
        let bench = Bench::new();
        bench.plan([table("t", "CREATE TABLE `t` (`a` int)")]);
        bench.edit(FILE, "object table `shop`.`t`", "object table `shop`.`x`");
        let fault =
            write(&draft([table("t", "CREATE TABLE `t` (`a` int)")]), &bench.folder).unwrap_err();
        assert_eq!(fault.code, ErrorCode::PlanInvalid);
        assert!(fault.what.contains("t.sql: its object line says table `shop`.`x`"), "{fault}");
        bench.edit(FILE, "-- sealift: state", "-- sealift: stat");
        let fault =
            write(&draft([table("t", "CREATE TABLE `t` (`a` int)")]), &bench.folder).unwrap_err();
        assert!(fault.what.contains("t.sql: line 2: \"stat\" is none of"), "{fault}");
    }

    #[test]
    fn every_object_keeps_the_file_it_has() {
        let bench = Bench::new();
        let named = |name: &str| table(name, &format!("CREATE TABLE `{name}` (`a` int)"));
        let first = bench.plan([named("Orders")]);
        assert_eq!(first.scripts[0].file, "20-tables/shop/Orders.sql");
        // "orders" would come first by order, and yet does not take the other's place.
        let second = bench.plan([named("orders"), named("Orders")]);
        assert!(second.scripts[0].file.starts_with("20-tables/shop/orders~"));
        assert_eq!(second.scripts[1].file, "20-tables/shop/Orders.sql");
    }

    #[test]
    fn schemas_that_differ_in_case_only_get_folders_of_their_own() {
        let bench = Bench::new();
        let of = |schema: &str| {
            let object = ObjectId::new(ObjectKind::Table, QualifiedName::new(schema, "t"));
            DraftStep {
                step: Step { part: Part::Tables, object },
                ..table("t", "CREATE TABLE `t` (`a` int)")
            }
        };
        let schema = |schema: &str| {
            let step = Step { part: Part::Schemas, object: ObjectId::schema(schema) };
            DraftStep { step, ..table("t", "CREATE SCHEMA") }
        };
        let steps = || [schema("Shop"), schema("shop"), of("Shop"), of("shop")];
        let files: Vec<String> = bench.plan(steps()).scripts.into_iter().map(|s| s.file).collect();
        assert_eq!(files[0], "10-schemas/Shop.sql");
        assert_eq!(files[2], "20-tables/Shop/t.sql");
        let folder = files[1].strip_prefix("10-schemas/").unwrap().strip_suffix(".sql").unwrap();
        assert_eq!(files[3], format!("20-tables/{folder}/t.sql"));
        assert_eq!(bench.plan(steps()).count(Fate::Unchanged), 4);
    }

    #[test]
    fn a_plan_of_twenty_thousand_tables_rewrites_only_what_changed() {
        let bench = Bench::new();
        let steps = || {
            (0..20_000).map(|n| table(&format!("t{n}"), &format!("CREATE TABLE `t{n}` (`a` int)")))
        };
        assert_eq!(bench.plan(steps()).count(Fate::Created), 20_000);
        let one = bench.folder.path("20-tables/shop/t7.sql");
        let written = fs::metadata(&one).unwrap().modified().unwrap();
        let planned = bench.plan(steps().map(|s| {
            if s.target.name == "t8" {
                DraftStep { body: s.body.replace("int", "bigint"), ..s }
            } else {
                s
            }
        }));
        assert_eq!((planned.count(Fate::Unchanged), planned.count(Fate::Regenerated)), (19_999, 1));
        assert_eq!(fs::metadata(&one).unwrap().modified().unwrap(), written);
    }

    #[test]
    fn the_changes_are_shown_with_their_reasons() {
        let bench = Bench::new();
        let note = Note::Change {
            rewrite: "engine".into(),
            what: "ENGINE=MyISAM becomes InnoDB".into(),
            why: "the target has no MyISAM".into(),
        };
        let mut changed = table("t", "x");
        changed.source = "USE `shop`;\nCREATE TABLE `t` (\n  `a` int\n) ENGINE=MyISAM;\n".into();
        changed.body = changed.source.replace("MyISAM", "InnoDB");
        changed.notes = vec![note];
        let mut same = table("u", "y");
        same.source.clone_from(&same.body);
        bench.plan([changed, same]);
        insta::assert_snapshot!(bench.text(CHANGES), @r"
        # table `shop`.`t`
        # change engine: ENGINE=MyISAM becomes InnoDB, because the target has no MyISAM
        --- source
        +++ 20-tables/shop/t.sql
        @@ -1,4 +1,4 @@
         USE `shop`;
         CREATE TABLE `t` (
           `a` int
        -) ENGINE=MyISAM;
        +) ENGINE=InnoDB;
        ");
    }
}
