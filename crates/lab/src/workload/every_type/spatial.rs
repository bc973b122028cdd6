//! Geometry of every kind, with and without a reference system.

use super::Table;
use crate::server::Kind;

/// One text of each kind; coordinates are valid in degrees too.
const SHAPES: &[(&str, &str)] = &[
    ("POINT", "POINT(1.5 -2)"),
    ("LINESTRING", "LINESTRING(0 0,1 1,2 0)"),
    ("POLYGON", "POLYGON((0 0,0 5,5 5,5 0,0 0),(1 1,1 2,2 2,2 1,1 1))"),
    ("MULTIPOINT", "MULTIPOINT((0 0),(1 1))"),
    ("MULTILINESTRING", "MULTILINESTRING((0 0,1 1),(2 2,3 3))"),
    ("MULTIPOLYGON", "MULTIPOLYGON(((0 0,0 1,1 1,1 0,0 0)),((5 5,5 6,6 6,6 5,5 5)))"),
    ("GEOMETRYCOLLECTION", "GEOMETRYCOLLECTION(POINT(1 1),LINESTRING(0 0,1 1))"),
];

pub(super) fn tables(kind: Kind) -> Vec<Table> {
    let mut all = vec![by_kind(), mixed()];
    // In MySQL 5.6 only the value says its reference system, and InnoDB has no spatial index.
    all.extend((kind != Kind::MySql5_6).then(|| with_reference_system(kind)));
    all
}

fn by_kind() -> Table {
    let columns: Vec<String> =
        SHAPES.iter().enumerate().map(|(n, (kind, _))| format!("g{n} {kind}")).collect();
    let values: Vec<String> =
        SHAPES.iter().map(|(_, text)| format!("ST_GeomFromText('{text}')")).collect();
    Table::new(
        "geometry_kinds",
        "a column of each kind",
        format!("id INT NOT NULL PRIMARY KEY, {}", columns.join(", ")),
        [
            format!("1, {}", values.join(", ")),
            format!("2, {}", vec!["NULL"; SHAPES.len()].join(", ")),
        ],
    )
}

fn mixed() -> Table {
    let rows = SHAPES.iter().enumerate().flat_map(|(n, (_, text))| {
        [0, 4326].map(|srid| format!("{}, ST_GeomFromText('{text}', {srid})", n * 10_000 + srid))
    });
    Table::new(
        "geometry_mixed",
        "any kind and any reference system in one column: the value's own four bytes say which",
        "id INT NOT NULL PRIMARY KEY, g GEOMETRY",
        rows,
    )
}

fn with_reference_system(kind: Kind) -> Table {
    let srid = |n: u32| match kind {
        Kind::MySql5_6 | Kind::MySql => format!("SRID {n}"),
        Kind::MariaDb10_5 | Kind::MariaDb10_11 | Kind::MariaDb11_8 => format!("REF_SYSTEM_ID={n}"),
    };
    let rows = (0..50).map(|n| {
        format!(
            "{n}, ST_GeomFromText('POINT({} {})', 4326), ST_GeomFromText('POINT({n} {n})', 0)",
            n - 25,
            n * 3
        )
    });
    Table::new(
        "geometry_indexed",
        "columns bound to a reference system, with spatial indexes",
        format!(
            "id INT NOT NULL PRIMARY KEY, place POINT {} NOT NULL, flat GEOMETRY {} NOT NULL, \
             SPATIAL KEY by_place (place), SPATIAL KEY (flat)",
            srid(4326),
            srid(0)
        ),
        rows,
    )
}
