//! What a server answers to the questions of `assess`.

use std::sync::Arc;

use sealift_schema::facts::ServerFacts;
use sealift_schema::rule::question::{Answer, Answers, Question, Row};

use super::GatherError;
use crate::binlog::XA_REFUSED;
use crate::endpoint::Endpoint;
use crate::error::{ErrorClass, MysqlError};
use crate::pins;
use crate::session::TextRow;

/// "You are not using binary logging": there is nothing to tell.
const NO_LOG: u16 = 1381;

/// Asks every question that is for this side. What is refused is kept with what would have to be granted.
///
/// # Errors
///
/// When the session fails.
pub async fn answers(endpoint: &Endpoint, facts: &ServerFacts) -> Result<Answers, GatherError> {
    let opening = GatherError::server("open a session");
    let mut session = pins::open(endpoint, pins::QUESTIONS).await.map_err(opening)?;
    if facts.version.is_mysql_at_least(8, 0, 0) {
        session.execute("SET ROLE ALL").await.map_err(GatherError::server("activate roles"))?;
    }
    let mut answers = Answers::default();
    for question in Question::ALL {
        let Some(sql) = question.sql(facts).filter(|_| question.is_for(endpoint.side)) else {
            continue;
        };
        if let Some(grant) = question.hidden_without(facts) {
            answers.keep(question, Answer::Denied { grant: grant.to_owned() });
            continue;
        }
        let answer = match session.rows(sql).await {
            Ok(rows) => Answer::Rows(rows.iter().map(row).collect()),
            Err(error) if error.code() == Some(NO_LOG) => Answer::Rows(Vec::new()),
            Err(error) => match refused(question, facts, &error) {
                Some(answer) => answer,
                None => return Err(GatherError::server(format!("ask {question:?}"))(error)),
            },
        };
        answers.keep(question, answer);
    }
    session.close().await;
    Ok(answers)
}

/// A refusal is an answer, a lost connection is not.
fn refused(question: Question, facts: &ServerFacts, error: &MysqlError) -> Option<Answer> {
    let class = error.class();
    let is_denied = matches!(class, ErrorClass::PrivilegeMissing | ErrorClass::AccessDenied)
        || error.code() == Some(XA_REFUSED);
    if is_denied {
        return Some(Answer::Denied { grant: question.grant(facts).to_owned() });
    }
    if class == ErrorClass::Interrupted {
        return Some(Answer::Failed { why: format!("it took too long and was ended ({error})") });
    }
    let is_answer = error.code().is_some() && class != ErrorClass::Lost;
    is_answer.then(|| Answer::Failed { why: error.to_string() })
}

/// Values may be bytes that are no text, such as the id of an XA transaction.
fn row(row: &TextRow) -> Row {
    let columns: Arc<[String]> = row.columns().iter().map(|column| column.name.clone()).collect();
    let values = (0..columns.len())
        .map(|at| row.get(at).map(|bytes| String::from_utf8_lossy(bytes).into_owned()))
        .collect();
    Row::new(columns, values)
}
