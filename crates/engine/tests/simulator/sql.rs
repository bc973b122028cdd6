//! The few forms of statements the engine sends, read by their tokens.

/// A value as both servers know it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Val {
    Null,
    Int(i64),
    Text(Vec<u8>),
}

impl Val {
    /// As a client reads it; `None` is NULL.
    pub(super) fn text(&self) -> Option<Vec<u8>> {
        match self {
            Self::Null => None,
            Self::Int(number) => Some(number.to_string().into_bytes()),
            Self::Text(text) => Some(text.clone()),
        }
    }
}

/// A piece of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A bare word in capitals, or a name in backticks as it is.
    Word(String),
    Value(Val),
    Symbol(u8),
}

/// Splits a statement. Introducers and collations of literals are left out: texts are bytes.
pub(super) fn tokens(sql: &[u8]) -> Vec<Token> {
    let mut all = Vec::new();
    let mut at = 0;
    let mut collation = false;
    while let Some(byte) = sql.get(at).copied() {
        match byte {
            b' ' | b'\n' | b'\t' => at += 1,
            b'`' => {
                let end = at + 1 + sql[at + 1..].iter().position(|b| *b == b'`').unwrap();
                all.push(Token::Word(String::from_utf8(sql[at + 1..end].to_vec()).unwrap()));
                at = end + 1;
            }
            b'\'' => {
                let (text, end) = quoted(sql, at);
                all.push(Token::Value(Val::Text(text)));
                at = end;
            }
            b'x' if sql.get(at + 1) == Some(&b'\'') => {
                let (digits, end) = quoted(sql, at + 1);
                let digits = String::from_utf8(digits).unwrap();
                let bytes = (0..digits.len()).step_by(2);
                let bytes = bytes.map(|i| u8::from_str_radix(&digits[i..i + 2], 16).unwrap());
                all.push(Token::Value(Val::Text(bytes.collect())));
                at = end;
            }
            b'0'..=b'9' | b'-' => {
                let digits = sql[at + 1..].iter().take_while(|b| b.is_ascii_digit()).count();
                let number = std::str::from_utf8(&sql[at..=at + digits]).unwrap();
                all.push(Token::Value(Val::Int(number.parse().unwrap())));
                at += 1 + digits;
            }
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'@' => {
                let is_part = |b: &&u8| b.is_ascii_alphanumeric() || matches!(**b, b'_' | b'@');
                let length = sql[at..].iter().take_while(is_part).count();
                let word = String::from_utf8(sql[at..at + length].to_vec()).unwrap();
                at += length;
                if std::mem::take(&mut collation) || word == "_utf8mb4" || word == "_binary" {
                    continue;
                }
                match word.as_str() {
                    "COLLATE" => collation = true,
                    "NULL" => all.push(Token::Value(Val::Null)),
                    _ => all.push(Token::Word(word)),
                }
            }
            symbol => {
                all.push(Token::Symbol(symbol));
                at += 1;
            }
        }
    }
    all
}

/// The text of a quoted literal, and where what is behind it begins.
fn quoted(sql: &[u8], begin: usize) -> (Vec<u8>, usize) {
    let mut text = Vec::new();
    let mut at = begin + 1;
    loop {
        match sql[at] {
            b'\'' => return (text, at + 1),
            b'\\' => {
                text.push(sql[at + 1]);
                at += 2;
            }
            byte => {
                text.push(byte);
                at += 1;
            }
        }
    }
}

/// What a row must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Condition {
    pub(super) column: String,
    pub(super) test: Test,
}

/// How a column is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Test {
    In(Vec<Val>),
    Not(Val),
    Above(Val),
    UpTo(Val),
}

impl Condition {
    pub(super) fn holds(&self, value: &Val) -> bool {
        match &self.test {
            Test::In(values) => values.contains(value),
            Test::Not(other) => value != other,
            Test::Above(bound) => value > bound,
            Test::UpTo(bound) => value <= bound,
        }
    }
}

/// What a column becomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    To(Val),
    /// `IF(column IN (…), itself, value)`.
    Unless(Condition, Val),
}

/// Walks the tokens of a statement.
pub(super) struct Walk<'t> {
    pub(super) rest: &'t [Token],
}

impl Walk<'_> {
    pub(super) fn word(&mut self, wanted: &str) -> bool {
        let found = matches!(self.rest.first(), Some(Token::Word(word)) if word == wanted);
        if found {
            self.rest = &self.rest[1..];
        }
        found
    }

    pub(super) fn words(&mut self, wanted: &str) -> bool {
        let begin = self.rest;
        let found = wanted.split(' ').all(|word| self.word(word));
        if !found {
            self.rest = begin;
        }
        found
    }

    pub(super) fn symbol(&mut self, wanted: u8) -> bool {
        let found = self.rest.first() == Some(&Token::Symbol(wanted));
        if found {
            self.rest = &self.rest[1..];
        }
        found
    }

    pub(super) fn name(&mut self) -> String {
        match self.rest.split_first() {
            Some((Token::Word(word), rest)) => {
                self.rest = rest;
                word.clone()
            }
            _ => panic!("a name is expected at {:?}", self.rest),
        }
    }

    /// A table without its schema.
    pub(super) fn table(&mut self) -> String {
        let first = self.name();
        if self.symbol(b'.') { self.name() } else { first }
    }

    pub(super) fn value(&mut self) -> Val {
        match self.rest.split_first() {
            Some((Token::Value(value), rest)) => {
                self.rest = rest;
                value.clone()
            }
            _ => panic!("a value is expected at {:?}", self.rest),
        }
    }

    /// `(a, b, …)`
    pub(super) fn list(&mut self) -> Vec<Val> {
        assert!(self.symbol(b'('), "a list is expected at {:?}", self.rest);
        let mut values = Vec::new();
        while !self.symbol(b')') {
            values.push(self.value());
            self.symbol(b',');
        }
        values
    }

    /// `(a, b, …)` of names.
    pub(super) fn names(&mut self) -> Vec<String> {
        assert!(self.symbol(b'('));
        let mut names = Vec::new();
        while !self.symbol(b')') {
            names.push(self.name());
            self.symbol(b',');
        }
        names
    }

    /// `WHERE a=1 AND b IN (…)`, if there is one.
    pub(super) fn conditions(&mut self) -> Vec<Condition> {
        let mut all = Vec::new();
        if self.word("WHERE") {
            loop {
                while self.symbol(b'(') {}
                if !self.word("TRUE") {
                    all.push(self.condition());
                }
                while self.symbol(b')') {}
                if !self.word("AND") {
                    break;
                }
            }
        }
        all
    }

    fn condition(&mut self) -> Condition {
        let cast = self.words("CAST");
        if cast {
            assert!(self.symbol(b'('));
        }
        let column = self.name();
        if cast {
            assert!(self.words("AS BINARY") && self.symbol(b')'));
        }
        let test = if self.word("IN") {
            Test::In(self.list())
        } else if self.symbol(b'=') {
            Test::In(vec![self.value()])
        } else if self.symbol(b'>') {
            Test::Above(self.value())
        } else {
            assert!(self.symbol(b'<'), "a comparison is expected at {:?}", self.rest);
            if self.symbol(b'>') {
                Test::Not(self.value())
            } else {
                assert!(self.symbol(b'='));
                if self.symbol(b'>') {
                    Test::In(vec![self.value()])
                } else {
                    Test::UpTo(self.value())
                }
            }
        };
        Condition { column, test }
    }

    /// `a=1, b=IF(…), …`
    pub(super) fn changes(&mut self) -> Vec<(String, Change)> {
        let mut all = Vec::new();
        loop {
            let column = self.name();
            assert!(self.symbol(b'='));
            let change = if self.word("IF") {
                assert!(self.symbol(b'('));
                let condition = self.condition();
                assert!(self.symbol(b','));
                self.name();
                assert!(self.symbol(b','));
                let value = self.value();
                assert!(self.symbol(b')'));
                Change::Unless(condition, value)
            } else {
                Change::To(self.value())
            };
            all.push((column, change));
            if !self.symbol(b',') {
                return all;
            }
        }
    }
}
