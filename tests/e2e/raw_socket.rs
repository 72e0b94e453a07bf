//! Requests that no HTTP library would send.

use std::thread;
use std::time::Duration;

use rfq_tests::{Agent, DECLINE, GRINDER, rfq};
use tokio::time::Instant;

fn grinder(id: &str) -> String {
    rfq(id, GRINDER, 1).to_string()
}

/// The agent still answers others.
fn still_answers(agent: &Agent, id: &str) {
    assert_eq!(agent.ask(&grinder(id)).status, 200, "{}", agent.log());
}

#[test]
fn a_header_that_comes_twice_is_refused_like_any_other_forgery() {
    let agent = Agent::start(&[]);
    let genuine = agent.signed(&grinder("twice"));
    let plain = agent.send(genuine.replace("x-productindex-signature", "x-other").as_bytes());
    for name in ["x-productindex-timestamp", "x-productindex-signature"] {
        let line = genuine.lines().find(|line| line.starts_with(name)).unwrap();
        let twice = genuine.replace(line, &format!("{line}\r\n{line}"));
        let answer = agent.send(twice.as_bytes());
        assert_eq!((answer.status, &answer), (401, &plain));
    }
    agent.wait_for_log("an authentication header came more than once");
    assert_eq!(agent.send(genuine.as_bytes()).status, 200);
}

#[test]
fn a_refusal_for_the_headers_cannot_be_told_from_one_for_the_mac() {
    let agent = Agent::start(&[]);
    let genuine = agent.signed(&grinder("told"));
    let (head, body) = genuine.split_once("\r\n\r\n").unwrap();
    let answers: Vec<_> = [
        head.replace("x-productindex-signature", "x-other"),
        head.replace("x-productindex-timestamp: 1", "x-productindex-timestamp: 2"),
        head.to_owned(),
    ]
    .iter()
    .map(|head| {
        let mut connection = agent.connect();
        connection.send(format!("{head}\r\n\r\n").as_bytes());
        // The body comes late, so that a refusal for the headers does not wait for it.
        thread::sleep(Duration::from_millis(50));
        let _ = connection.try_send(body.replace("CA-US", "NY-US").as_bytes());
        (connection.response(), connection.response())
    })
    .collect();
    let (first, closed) = &answers[0];
    assert_eq!(first.as_ref().map(|answer| answer.status), Some(401));
    assert_eq!(closed, &None, "the connection ends");
    assert!(answers.iter().all(|answer| answer == &answers[0]), "{answers:?}");
}

#[test]
fn a_chunked_body_is_put_together_and_limited() {
    let agent = Agent::start(&[]);
    let body = grinder("chunked");
    let head = |signed: &str| {
        let length = signed.lines().find(|line| line.starts_with("content-length")).unwrap();
        let (head, _) = signed.split_once("\r\n\r\n").unwrap();
        head.replace(length, "transfer-encoding: chunked")
    };
    let chunks: String = body
        .as_bytes()
        .chunks(100)
        .map(|chunk| format!("{:x}\r\n{}\r\n", chunk.len(), std::str::from_utf8(chunk).unwrap()))
        .collect();
    let request = format!("{}\r\n\r\n{chunks}0\r\n\r\n", head(&agent.signed(&body)));
    assert_eq!(agent.send(request.as_bytes()).status, 200);

    let mut connection = agent.connect();
    connection.send(format!("{}\r\n\r\n", head(&agent.signed("large"))).as_bytes());
    let chunk = format!("1000\r\n{}\r\n", "x".repeat(0x1000));
    for _ in 0..17 {
        if connection.try_send(chunk.as_bytes()).is_err() {
            break;
        }
    }
    assert_eq!(connection.response().unwrap().status, 413);
    still_answers(&agent, "after-chunks");
}

#[test]
fn a_body_that_stops_half_way_is_408_at_the_budget_and_closed() {
    let agent = Agent::start(&[]);
    let signed = agent.signed(&grinder("half"));
    let mut connection = agent.connect();
    let start = Instant::now();
    connection.send(&signed.as_bytes()[..signed.len() - 50]);
    still_answers(&agent, "meanwhile");
    assert_eq!(connection.response().unwrap().status, 408);
    let took = start.elapsed();
    assert!((3400..4000).contains(&took.as_millis()), "{took:?}");
    assert_eq!(connection.response(), None, "the connection is closed");
}

#[test]
fn a_body_that_breaks_off_is_no_request() {
    let agent = Agent::start(&[]);
    let signed = agent.signed(&grinder("broken"));
    let mut connection = agent.connect();
    connection.send(&signed.as_bytes()[..signed.len() - 50]);
    connection.finish();
    let answer = connection.response();
    assert!(answer.as_ref().is_none_or(|answer| answer.status == 400), "{answer:?}");
    still_answers(&agent, "after-broken");
}

#[test]
fn one_byte_a_second_ends_by_its_deadline() {
    let agent = Agent::start(&[]);
    let signed = agent.signed(&grinder("drip"));
    let head = signed.find("\r\n\r\n").unwrap() + 4;
    // Once within the headers, once within the body: four seconds from the first byte, at most.
    thread::scope(|scope| {
        for (at_once, expected) in [(0, None), (head, Some(408))] {
            let (agent, signed) = (&agent, &signed);
            scope.spawn(move || {
                let mut connection = agent.connect();
                let start = Instant::now();
                connection.send(&signed.as_bytes()[..=at_once]);
                for byte in signed.bytes().skip(at_once + 1).take(8) {
                    thread::sleep(Duration::from_secs(1));
                    if connection.try_send(&[byte]).is_err() || start.elapsed().as_secs() >= 4 {
                        break;
                    }
                }
                assert_eq!(connection.response().map(|answer| answer.status), expected);
                assert!(start.elapsed() < Duration::from_millis(5500), "{:?}", start.elapsed());
            });
        }
        still_answers(&agent, "during-drip");
    });
}

#[test]
fn a_thousand_idle_connections_keep_nobody_out() {
    let agent = Agent::start(&[]);
    let idle: Vec<_> = (0..1000).map(|_| agent.connect()).collect();
    let start = Instant::now();
    for n in 0..20 {
        still_answers(&agent, &format!("among-idle-{n}"));
    }
    println!("20 answers among {} idle connections in {:?}", idle.len(), start.elapsed());
    let mut connection = idle.into_iter().next().unwrap();
    connection.send(agent.signed(&grinder("from-idle")).as_bytes());
    assert_eq!(connection.response().unwrap().status, 200);
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let agent = Agent::start(&[]);
    let unknown = rfq("pipe-2", "coffee-grinders/unknown", 1).to_string();
    let requests = [
        agent.signed(&grinder("pipe-1")),
        agent.signed(&unknown),
        agent.signed("{"),
        agent.signed(&grinder("pipe-1")),
    ];
    let mut connection = agent.connect();
    connection.send(requests.concat().as_bytes());
    let answers: Vec<_> = requests.iter().map(|_| connection.response().unwrap()).collect();
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses, [200, 200, 400, 200]);
    assert_eq!(answers[1].body, DECLINE);
    assert_eq!(answers[0].body, answers[3].body);
}

#[test]
fn garbage_and_giant_headers_are_refused() {
    let agent = Agent::start(&[]);
    assert_eq!(agent.send(b"\x16\x03\x01 this is TLS\r\n\r\n").status, 400);
    let giant = format!("GET / HTTP/1.1\r\nhost: a\r\nx: {}\r\n\r\n", "y".repeat(100_000));
    let mut connection = agent.connect();
    let _ = connection.try_send(giant.as_bytes());
    let answer = connection.response();
    assert!(answer.as_ref().is_none_or(|answer| answer.status == 431), "{answer:?}");
    still_answers(&agent, "after-garbage");
}
