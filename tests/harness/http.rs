//! A client that sends exactly the bytes it is given.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

/// One connection.
pub struct Connection {
    stream: TcpStream,
    /// Read, but not yet part of a response.
    ahead: Vec<u8>,
}

/// One response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The head without its `date`, which differs between any two responses.
    pub head: String,
    /// The body.
    pub body: String,
}

impl Connection {
    /// Opens a connection; waiting for an answer is given up after ten seconds.
    #[must_use]
    pub fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, ahead: Vec::new() }
    }

    /// Waits so long for each further part of an answer.
    pub(crate) fn be_patient(&mut self, patience: Duration) {
        self.stream.set_read_timeout(Some(patience)).unwrap();
    }

    /// Sends all of `bytes`.
    pub fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    /// Sends `bytes`, which the other side may no longer want.
    ///
    /// # Errors
    /// When the connection is gone.
    pub fn try_send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// Says that nothing more will be sent.
    pub fn finish(&mut self) {
        self.stream.shutdown(Shutdown::Write).unwrap();
    }

    /// The next response; `None` if the other side closes without one.
    #[must_use]
    pub fn response(&mut self) -> Option<Response> {
        let head_end = loop {
            if let Some(end) = find(&self.ahead, b"\r\n\r\n") {
                break end;
            }
            if self.read_more() == 0 {
                assert!(self.ahead.is_empty(), "closed within a response");
                return None;
            }
        };
        let head = String::from_utf8(self.ahead.drain(..head_end + 4).collect()).unwrap();
        let length = head
            .lines()
            .find_map(|line| {
                line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse().ok()
            })
            .unwrap_or(0);
        while self.ahead.len() < length {
            assert_ne!(self.read_more(), 0, "closed within a body");
        }
        let body = String::from_utf8(self.ahead.drain(..length).collect()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let head = head.lines().filter(|line| !line.starts_with("date:")).collect::<Vec<_>>();
        Some(Response { status, head: head.join("\n"), body })
    }

    fn read_more(&mut self) -> usize {
        let mut bytes = [0; 4096];
        match self.stream.read(&mut bytes) {
            Ok(read) => {
                self.ahead.extend_from_slice(bytes.get(..read).unwrap_or_default());
                read
            }
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => 0,
            Err(error) => panic!("no answer: {error}"),
        }
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}
