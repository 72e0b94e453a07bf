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
    /// Opens a connection.
    #[must_use]
    pub fn open(address: SocketAddr) -> Self {
        Self::try_open(address).unwrap()
    }

    /// Opens a connection to a server that may be gone.
    ///
    /// # Errors
    /// When nobody listens.
    pub fn try_open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, ahead: Vec::new() })
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
        self.try_response().unwrap()
    }

    /// As [`response`](Self::response), from a server that may be gone.
    ///
    /// # Errors
    /// When the connection breaks, or ends within a response.
    pub fn try_response(&mut self) -> io::Result<Option<Response>> {
        let head_end = loop {
            if let Some(end) = find(&self.ahead, b"\r\n\r\n") {
                break end;
            }
            match self.read_more() {
                Ok(0) if self.ahead.is_empty() => return Ok(None),
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(None),
                Err(error) => return Err(error),
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
            if self.read_more()? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        let body = String::from_utf8(self.ahead.drain(..length).collect()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let head = head.lines().filter(|line| !line.starts_with("date:")).collect::<Vec<_>>();
        Ok(Some(Response { status, head: head.join("\n"), body }))
    }

    /// All that comes until the other side closes.
    #[must_use]
    pub fn rest(&mut self) -> String {
        while self.read_more().unwrap() > 0 {}
        String::from_utf8(std::mem::take(&mut self.ahead)).unwrap()
    }

    fn read_more(&mut self) -> io::Result<usize> {
        let mut bytes = [0; 4096];
        let read = self.stream.read(&mut bytes)?;
        self.ahead.extend_from_slice(bytes.get(..read).unwrap_or_default());
        Ok(read)
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}
