//! A report with something in every section, for the tests of each form.

use std::time::Duration;

use sealift_engine::clock::Clock;
use sealift_engine::cutover::{
    ClientRecord, FenceKind, Outage, StepRecord, TurnAsk, TurnOutcome, TurnRecord, TurnWish,
};
use sealift_engine::plan::accounts::{AccountDifference, AccountReport, AccountResult, Notice};
use sealift_engine::report::{
    ChangeReport, Conclusion, DifferenceReport, LeftOut, LeftOutBecause, ObjectReport,
    ObjectResult, RepairReport, Report, ServerReport, TableRepairReport, TableReport, TableResult,
    VerificationReport,
};
use sealift_engine::stage::Part;
use sealift_engine::verify::Stranger;
use sealift_schema::facts::Side;
use sealift_schema::name::{ObjectId, ObjectKind, QualifiedName};

pub(super) fn object(kind: ObjectKind, name: &str) -> ObjectId {
    ObjectId::new(kind, QualifiedName::new("shop", name))
}

pub(super) fn report() -> Report {
    let clock = Clock::manual("2026-11-23T01:02:03Z".parse().unwrap());
    let mut report = Report::begin("run --offline", "0.1.0", &clock);
    report.happened(&clock, "began");
    clock.advance(Duration::from_secs(125));
    report.happened(&clock, "all rows are on the target");
    let server = |version: &str, azure, tls| ServerReport {
        address: "10.0.0.5:3306".into(),
        version: version.into(),
        user: "app_reader@%".into(),
        tls,
        azure,
    };
    report.source = Some(server("MariaDB 10.11.19", false, None));
    report.target = Some(server("MySQL 9.7.4", true, Some("TLSv1.3".into())));
    report.tables = [("orders", 1_234_567, 760 * 1_048_576), ("<script>", 0, 0)]
        .map(|(name, rows, bytes)| TableReport {
            name: QualifiedName::new("shop", name),
            target_name: None,
            result: TableResult::Copied,
            rows,
            bytes,
        })
        .into();
    let script = |part, object, result| ObjectReport { object, part, result, elapsed_ms: 1_250 };
    report.objects = vec![
        script(Part::Tables, object(ObjectKind::Table, "orders"), ObjectResult::Created),
        script(Part::Tables, object(ObjectKind::Table, "<script>"), ObjectResult::Present),
        script(
            Part::Views,
            object(ObjectKind::View, "open_orders"),
            ObjectResult::Failed("Unknown column 'x' in 'field list'".into()),
        ),
        script(Part::Indexes, object(ObjectKind::Table, "orders"), ObjectResult::Created),
    ];
    let change = |name, rewrite: &str, reason: &str| ChangeReport {
        object: object(ObjectKind::View, name),
        rewrite: rewrite.into(),
        reason: reason.into(),
    };
    report.changes = vec![
        change("a", "definer", "the definer is not an account of the target"),
        change("b", "definer", "the definer is not an account of the target"),
        change("c", "engine", "the target has no MyISAM"),
    ];
    report.left_out = vec![LeftOut {
        object: object(ObjectKind::View, "broken"),
        because: LeftOutBecause::Broken,
        reason: "table 'shop.gone' doesn't exist".into(),
    }];
    report.note("The copy is not one moment of the source: --no-lock was given.");
    report.accounts = vec![AccountReport {
        account: "app@10.0.%".into(),
        target: Some("app@%".into()),
        file: None,
        result: AccountResult::Foreign,
        deeds: vec!["grant SELECT ON `shop`.*".into()],
        changes: vec![Notice {
            filter: "privilege".into(),
            what: "FILE on *.* not given".into(),
            why: "the target's login does not have it".into(),
        }],
        kept: vec!["a grant of somebody else".into()],
        why: Vec::new(),
    }];
    report.turns = vec![turn(&clock)];
    report.verification = Some(verification());
    report.repair = Some(repair());
    report.end(&clock, Ok(Conclusion::Different));
    report
}

fn verification() -> VerificationReport {
    VerificationReport {
        tables: 2,
        rows: 1_234_567,
        objects: 4,
        differences: vec![DifferenceReport {
            object: object(ObjectKind::Table, "orders"),
            what: "row differs".into(),
            source: Some("'a'".into()),
            target: Some("'b'".into()),
            keys: vec!["(id) = (17)".into(), "(id) = (18)".into()],
        }],
        accounts: 3,
        accounts_differing: vec![AccountDifference {
            account: "app@10.0.%".into(),
            target: Some("app@%".into()),
            what: vec!["alter password".into(), "grant SELECT ON `shop`.*".into()],
        }],
        not_compared: vec!["table `shop`.`log` is not copied yet.".into()],
        unsettled: vec![DifferenceReport {
            object: object(ObjectKind::Table, "visits"),
            what: "2 rows are not known to be equal: it changes all the time".into(),
            source: None,
            target: None,
            keys: vec!["id=3".into(), "id=4".into()],
        }],
        strangers: vec![Stranger {
            side: Side::Target,
            table: QualifiedName::new("shop", "orders"),
            thread: Some(17),
            user: Some("app@10.0.0.9".into()),
            first: "2026-11-29T09:00:00Z".parse().unwrap(),
            last: "2026-11-29T09:00:00Z".parse().unwrap(),
            transactions: 1,
        }],
    }
}

fn repair() -> RepairReport {
    RepairReport {
        done: false,
        tables: vec![TableRepairReport {
            table: QualifiedName::new("shop", "orders"),
            insert: 1,
            update: 2,
            delete: 0,
            keys: vec!["insert id=7".into(), "update id=8".into()],
            unsettled: 0,
            left: None,
        }],
    }
}

fn turn(clock: &Clock) -> TurnRecord {
    TurnRecord {
        turn: 1,
        ask: TurnAsk {
            wish: TurnWish::Cutover,
            rehearse: false,
            no_way_back: false,
            by: "ops@jump: sealift cutover".into(),
        },
        outcome: TurnOutcome::Switched,
        live: Side::Target,
        begun: clock.now(),
        ended: clock.now(),
        fence: Some(FenceKind::ReadOnly),
        refused_ms: Some(312),
        client: Some(ClientRecord {
            address: "proxy.example:3306".into(),
            accepted: 153,
            refused: 14,
            outages: 1,
            outage: Some(Outage {
                from: "2026-11-23T01:04:08.123Z".parse().unwrap(),
                to: Some("2026-11-23T01:04:08.554Z".parse().unwrap()),
                ms: 431,
                attempts: 14,
                first: "it is read-only (error 1290, state HY000)".into(),
                last: "no connection to proxy.example:3306: refused".into(),
            }),
            accepted_by: Some(Side::Target),
            passed_fence: false,
        }),
        way_back: true,
        steps: vec![StepRecord {
            at: clock.now(),
            what: "writes are kept out of the source".into(),
            took_ms: 12,
        }],
        checks: vec!["SELECT 1: 1".into()],
        notes: Vec::new(),
        error: None,
    }
}
