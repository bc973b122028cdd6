//! A real source gathered and planned for a real target.

use std::collections::BTreeSet;

use sealift_engine::clock::Clock;
use sealift_engine::journal::{Journal, Volatile};
use sealift_engine::plan::apply::{Applier, StepResult};
use sealift_engine::plan::folder::Folder;
use sealift_engine::plan::read::Plan;
use sealift_engine::plan::{generate, make};
use sealift_engine::probe::Probe;
use sealift_engine::progress::Progress;
use sealift_engine::stage::{Event, Part};
use sealift_engine::stop::Stop;
use sealift_lab::Pair;
use sealift_mysql::gather;
use sealift_mysql::session::Session;
use sealift_schema::catalog::Catalog;
use sealift_schema::facts::{ServerFacts, Side};
use sealift_schema::rewrite::{Context, Policy};

use crate::servers::endpoint;

/// Both sides as gathered.
pub(crate) struct Gathered {
    pub(crate) catalog: Catalog,
    pub(crate) source: ServerFacts,
    pub(crate) target: ServerFacts,
}

pub(crate) async fn gathered(pair: &Pair, schemas: &[&str]) -> Gathered {
    let (source, target) =
        (endpoint(&pair.source, Side::Source), endpoint(&pair.target, Side::Target));
    let wanted: BTreeSet<&str> = schemas.iter().copied().collect();
    let request = gather::Request {
        endpoint: &source,
        sessions: 2,
        wanted: &|_, name| wanted.contains(name.schema.as_str()),
        progress: &|_| {},
    };
    let catalog = gather::catalog(&request).await.unwrap().catalog;
    let source = gather::facts(&mut Session::connect(&source).await.unwrap()).await.unwrap();
    let target = gather::facts(&mut Session::connect(&target).await.unwrap()).await.unwrap();
    Gathered { catalog, source, target }
}

impl Gathered {
    pub(crate) fn plan(&self, folder: &Folder) -> make::Planned {
        let policy = Policy::default();
        let draft = generate::draft(&self.context(&policy));
        make::write(&draft, folder).unwrap()
    }

    pub(crate) fn context<'a>(&'a self, policy: &'a Policy) -> Context<'a> {
        Context { source: &self.source, target: &self.target, policy, catalog: &self.catalog }
    }
}

pub(crate) async fn apply(pair: &Pair, folder: &Folder, parts: &[Part]) -> Vec<StepResult> {
    with_applier(pair, folder, async |applier| applier.apply(parts).await.unwrap()).await
}

/// Lends an applier of a folder's plan, with a journal of its own.
pub(crate) async fn with_applier<T>(
    pair: &Pair,
    folder: &Folder,
    work: impl AsyncFnOnce(Applier<'_>) -> T,
) -> T {
    let journal = Volatile::default();
    let run = Event::RunBegun { plan: "p".into(), source: "s".into(), target: "t".into() };
    journal.record(&run).unwrap();
    let applier = Applier {
        target: &endpoint(&pair.target, Side::Target),
        definers: None,
        plan: &Plan::read(folder).unwrap(),
        small: None,
        journal: &journal,
        progress: &Progress::default(),
        probe: &Probe::none(),
        stop: &Stop::new(),
        clock: &Clock::of_machine(),
    };
    work(applier).await
}
