//! ENUM and SET: the empty string in both its meanings, many members, members that look like numbers.

use super::Table;

pub(super) fn tables() -> Vec<Table> {
    vec![empty_members(), many_members(), odd_members()]
}

fn empty_members() -> Table {
    Table::new(
        "enum_empty",
        "'' as the error value (index 0) is not '' as a real member",
        "id INT NOT NULL PRIMARY KEY, e ENUM('a','b'), real_empty ENUM('x','','y'), n ENUM('0','1','2') NOT NULL, s SET('p','q')",
        [
            "1, 'a', '', '0', ''",
            "2, 'no such member', 'x', '2', 'p,q'",
            "3, '', 'no such member', '1', 'q'",
            "4, 0, 2, 'no such member', NULL",
            "5, NULL, NULL, 1, 'p'",
        ],
    )
}

fn many_members() -> Table {
    let list = |prefix: &str, n: usize| {
        (1..=n).map(|i| format!("'{prefix}{i}'")).collect::<Vec<_>>().join(",")
    };
    Table::new(
        "enum_many",
        "an ENUM of two bytes and a SET of eight",
        format!(
            "id INT NOT NULL PRIMARY KEY, e ENUM({}), s SET({}), s9 SET({})",
            list("m", 300),
            list("f", 64),
            list("g", 9)
        ),
        [
            "1, 'm1', 'f1', 'g1'",
            "2, 'm255', 'f64', 'g9'",
            "3, 'm256', 'f1,f64', 'g1,g9'",
            "4, 'm300', 18446744073709551615, 511",
            "5, NULL, '', NULL",
        ],
    )
}

fn odd_members() -> Table {
    Table::new(
        "enum_odd",
        "members with quotes, commas, spaces, other scripts, in other character sets",
        "id INT NOT NULL PRIMARY KEY, e ENUM('it''s','a,b','back\\\\slash','😀',' lead','2') NOT NULL, \
         l ENUM('ä','ö') CHARACTER SET latin1, g ENUM('備','乗') CHARACTER SET gbk, \
         u SET('é','日') CHARACTER SET utf16, c SET('A','a') CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
        [
            "1, 1, 'ä', '備', 'é', 'A'",
            "2, 2, 'ö', '乗', 'é,日', 'a'",
            "3, 3, NULL, NULL, NULL, 'A,a'",
            "4, '😀', 'ä', '備', '', ''",
            "5, ' lead', 'ö', '乗', '日', NULL",
            "6, '2', 'ö', '乗', '日', 'a'",
        ],
    )
}
