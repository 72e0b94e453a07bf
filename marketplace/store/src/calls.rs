//! How the call of each producer ended.

use std::time::Duration;

use bytes::Bytes;
use rfq_engine::{HealthState, HttpAnswer, Outcome, ProducerId, Timings};

use crate::backend::{Arg, DatabaseError, Row, args};
use crate::{PublicId, Store};

/// How the call of one producer ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallRecord {
    /// The producer.
    pub producer: ProducerId,
    /// Its health when it was selected.
    pub health: HealthState,
    /// How it ended.
    pub outcome: OutcomeRecord,
    /// From the first byte of the request to the last of the answer, or until it was late; `None` when
    /// it ended in another way.
    pub latency: Option<Duration>,
    /// What each part took.
    pub timings: Timings,
}

/// A call with what was sent and answered, which rivals must not see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallTranscript {
    /// The call.
    pub call: CallRecord,
    /// What was wrong with the producer, in the words of a [`rfq_engine::CallProblem`].
    pub problem: Option<String>,
    /// What was sent, without secrets, if it is to be kept.
    pub request: Option<Bytes>,
    /// The answer, if it is to be kept.
    pub answer: Option<HttpAnswer>,
}

/// An [`Outcome`] as it is kept. Names and codes never change their meaning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutcomeRecord {
    /// [`Outcome::code`].
    pub code: i64,
    /// [`Outcome::name`].
    pub name: String,
    /// [`Outcome::detail`].
    pub detail: Option<String>,
}

impl From<Outcome> for OutcomeRecord {
    fn from(outcome: Outcome) -> Self {
        Self { code: outcome.code(), name: outcome.name().to_owned(), detail: outcome.detail() }
    }
}

impl Store {
    /// The calls of a quote with what was sent and answered, in the order of the producers' ids; none if there is no
    /// such quote, or it is not over.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn transcript(&self, quote: PublicId) -> Result<Vec<CallTranscript>, DatabaseError> {
        let sql = "SELECT producer_id, health_state, outcome_code, outcome, outcome_detail,
                latency_us, queue_us, dns_us, connect_us, tls_us, first_byte_us, body_us,
                problem, request, answer_status, answer
            FROM calls WHERE quote_id = $1 ORDER BY producer_id";
        let rows = self.db.fetch_all(sql, args![&*quote.to_string()]).await?;
        let transcript = |row: &Row| {
            let answer = match row.number_optional("answer_status")? {
                Some(status) => {
                    Some(HttpAnswer { status, body: row.get::<Vec<u8>>("answer")?.into() })
                }
                None => None,
            };
            Ok(CallTranscript {
                call: call(row)?,
                problem: row.get("problem")?,
                request: row.get::<Option<Vec<u8>>>("request")?.map(Bytes::from),
                answer,
            })
        };
        rows.iter().map(transcript).collect()
    }
}

/// Up to the `VALUES` that [`call_args`] gives.
pub(crate) const INSERT_CALLS: &str = "INSERT INTO calls (quote_id, producer_id, asked_at,
    health_state, outcome_code, outcome, outcome_detail, latency_us, offer_rank, queue_us, dns_us,
    connect_us, tls_us, first_byte_us, body_us, problem, request, answer_status,
    answer)";

/// `asked_at` is the quote's, `rank` that of the producer's offer.
pub(crate) fn call_args(
    quote: PublicId,
    asked_at: i64,
    transcript: &CallTranscript,
    rank: Option<i64>,
) -> Vec<Arg> {
    let CallTranscript { call, problem, request, answer } = transcript;
    let Timings { queue, dns, connect, tls, first_byte, body } = call.timings;
    args![
        &*quote.to_string(),
        call.producer.as_str(),
        asked_at,
        call.health.name(),
        call.outcome.code,
        &*call.outcome.name,
        call.outcome.detail.as_deref(),
        call.latency,
        rank,
        queue,
        dns,
        connect,
        tls,
        first_byte,
        body,
        problem.as_deref(),
        request.as_deref(),
        answer.as_ref().map(|answer| i64::from(answer.status)),
        answer.as_ref().map(|answer| &*answer.body),
    ]
}

pub(crate) fn call(row: &Row) -> Result<CallRecord, DatabaseError> {
    let states = [HealthState::Healthy, HealthState::Degraded, HealthState::Suspended];
    Ok(CallRecord {
        producer: row.parsed("producer_id")?,
        health: row.one_of("health_state", &states, HealthState::name)?,
        outcome: OutcomeRecord {
            code: row.get("outcome_code")?,
            name: row.get("outcome")?,
            detail: row.get("outcome_detail")?,
        },
        latency: row.get("latency_us")?,
        timings: Timings {
            queue: row.get("queue_us")?,
            dns: row.get("dns_us")?,
            connect: row.get("connect_us")?,
            tls: row.get("tls_us")?,
            first_byte: row.get("first_byte_us")?,
            body: row.get("body_us")?,
        },
    })
}
