//! Google Merchant feeds in XML: RSS 2.0 or Atom, with Google's elements in a namespace.

mod bounded;
mod entry;

use std::io::Read;

use quick_xml::NsReader;
use quick_xml::errors::SyntaxError;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesDecl, BytesRef, BytesStart, Event};
use quick_xml::name::{Namespace, ResolveResult};

use super::Progress;
use super::error::FeedError;
use super::intake::Intake;
use super::lines::MOST_BYTES;
use super::row::Field;
use super::table::{Dialect as _, Google};
use bounded::Bounded;
use entry::{Elements, Entry};

const GOOGLE: Namespace<'_> = Namespace("http://base.google.com/ns/1.0");
const ATOM: Namespace<'_> = Namespace("http://www.w3.org/2005/Atom");

/// Reads every product of a feed.
pub(super) fn read(
    source: impl Read,
    slug_element: &str,
    intake: &mut Intake<'_>,
    progress: &mut Progress<impl FnMut(u64, u64)>,
) -> Result<(), FeedError> {
    let mut reader = NsReader::from_reader(Bounded::of(source));
    reader.config_mut().expand_empty_elements = true;
    let mut document = Document::new(Elements::new(slug_element));
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        buffer.shrink_to(1 << 16);
        reader.get_mut().begin();
        let line = reader.get_ref().line();
        let event = match reader.read_event_into(&mut buffer) {
            Ok(event) => event,
            Err(error) => return Err(failed(&error, &reader)),
        };
        let ill_formed = |reason: String| FeedError::Xml { line, reason };
        match event {
            Event::Start(start) => {
                let kind =
                    kind(reader.resolver().resolve_element(start.name()).0).map_err(|prefix| {
                        ill_formed(format!("the prefix {prefix} has no namespace"))
                    })?;
                check_attributes(&start).map_err(ill_formed)?;
                document.start(&start, kind, line)?;
            }
            Event::End(_) => {
                if let Some(entry) = document.end().map_err(ill_formed)? {
                    match entry.row(&document.elements) {
                        Ok(row) => intake.take(entry.line, &row, Google::terms),
                        Err(fault) => intake.reject(entry.line, entry.id(), fault),
                    }
                    progress.tell(intake.read(), reader.get_ref().bytes());
                }
            }
            Event::Text(text) => document.text(&text.xml10_content()).map_err(ill_formed)?,
            Event::CData(text) => document.text(&text.xml10_content()).map_err(ill_formed)?,
            Event::GeneralRef(reference) => {
                let text = resolve(&reference).map_err(ill_formed)?;
                document.text(&text).map_err(ill_formed)?;
            }
            Event::Decl(decl) => check_encoding(&decl).map_err(ill_formed)?,
            Event::Eof if document.is_complete() => break,
            Event::Eof => return Err(FeedError::CutOff { line }),
            Event::Empty(_) | Event::Comment(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
    progress.end(intake.read(), reader.get_ref().bytes());
    Ok(())
}

fn failed<R: Read>(error: &quick_xml::Error, reader: &NsReader<Bounded<R>>) -> FeedError {
    let line = reader.get_ref().line();
    match error {
        quick_xml::Error::Io(error) if error.kind() != std::io::ErrorKind::FileTooLarge => {
            FeedError::Io(std::io::Error::new(error.kind(), error.to_string()))
        }
        // The other syntax errors are what the end of the file left open.
        quick_xml::Error::Syntax(SyntaxError::InvalidBangMarkup) => {
            FeedError::Xml { line, reason: "unknown markup behind <!".into() }
        }
        quick_xml::Error::Syntax(_) => FeedError::CutOff { line },
        quick_xml::Error::Encoding(_) => {
            FeedError::Xml { line, reason: "it is not UTF-8; save it as UTF-8".into() }
        }
        error => FeedError::Xml { line, reason: error.to_string() },
    }
}

/// Whose element it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Google,
    Atom,
    /// Without a namespace, as RSS is.
    Plain,
    Other,
}

fn kind(resolved: ResolveResult<'_>) -> Result<Kind, String> {
    match resolved {
        ResolveResult::Bound(GOOGLE) => Ok(Kind::Google),
        ResolveResult::Bound(ATOM) => Ok(Kind::Atom),
        ResolveResult::Bound(_) => Ok(Kind::Other),
        ResolveResult::Unbound => Ok(Kind::Plain),
        ResolveResult::Unknown(prefix) => Err(prefix),
    }
}

fn check_attributes(start: &BytesStart<'_>) -> Result<(), String> {
    start.attributes().try_for_each(|attribute| match attribute {
        Ok(_) => Ok(()),
        Err(error) => Err(error.to_string()),
    })
}

fn check_encoding(decl: &BytesDecl<'_>) -> Result<(), String> {
    match decl.encoding() {
        None => Ok(()),
        Some(Ok(name)) if ["utf-8", "us-ascii"].contains(&&*name.to_ascii_lowercase()) => Ok(()),
        Some(Ok(_)) => Err("it is not UTF-8; save it as UTF-8".into()),
        Some(Err(error)) => Err(error.to_string()),
    }
}

/// The text of a reference. One that XML does not know, as HTML's `&nbsp;`, stays as it is.
fn resolve(reference: &BytesRef<'_>) -> Result<String, String> {
    if let Some(letter) = reference.resolve_char_ref().map_err(|error| error.to_string())? {
        return Ok(letter.into());
    }
    let known = resolve_predefined_entity(reference).map(str::to_owned);
    Ok(known.unwrap_or_else(|| format!("&{};", &**reference)))
}

/// A document, as far as it is read.
#[derive(Debug)]
struct Document {
    elements: Elements,
    depth: usize,
    has_root: bool,
    /// The product that is read, and the depth of its element.
    entry: Option<(Entry, usize)>,
    /// The element inside it that is read.
    open: Option<Open>,
    /// Its text, and that of an element inside `g:shipping`.
    text: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Open {
    Field(Field, bool),
    /// `g:shipping`, and whether it is Google's.
    Shipping(bool),
    /// Of this name, inside a `g:shipping`.
    Part(String, bool),
}

impl Document {
    fn new(elements: Elements) -> Self {
        Self { elements, depth: 0, has_root: false, entry: None, open: None, text: String::new() }
    }

    fn is_complete(&self) -> bool {
        self.has_root && self.depth == 0
    }

    fn start(&mut self, start: &BytesStart<'_>, kind: Kind, line: u64) -> Result<(), FeedError> {
        let name = start.local_name();
        let name = name.as_ref();
        self.depth += 1;
        if self.depth == 1 {
            if self.has_root {
                let reason = "there is a second root element".into();
                return Err(FeedError::Xml { line, reason });
            }
            self.has_root = true;
            if !matches!(name, "rss" | "feed" | "RDF") {
                return Err(FeedError::NoFeed { root: super::report::shown(name).into() });
            }
        }
        let Some((_, entry_depth)) = &self.entry else {
            if matches!(name, "item" | "entry") && kind != Kind::Google {
                self.entry = Some((Entry::new(line), self.depth));
            }
            return Ok(());
        };
        let inside = self.depth - entry_depth;
        if inside == 1 {
            self.text.clear();
            self.open = match (kind, self.elements.field(name)) {
                (Kind::Google | Kind::Plain | Kind::Atom, Some(Field::Shipping)) => {
                    Some(Open::Shipping(kind == Kind::Google))
                }
                (Kind::Google, Some(field)) => Some(Open::Field(field, true)),
                (Kind::Plain, Some(field)) => Some(Open::Field(field, false)),
                // Atom's own `id` is an address.
                (Kind::Atom, Some(field)) if field != Field::Id => Some(Open::Field(field, false)),
                _ => None,
            };
        } else if let (2, Some(Open::Shipping(is_googles))) = (inside, &self.open)
            && kind != Kind::Other
        {
            self.text.clear();
            self.open = Some(Open::Part(name.to_owned(), *is_googles));
        }
        Ok(())
    }

    /// Ends an element, and gives the product if it was its.
    fn end(&mut self) -> Result<Option<Entry>, String> {
        let depth = self.depth;
        self.depth = depth.checked_sub(1).ok_or("a closing tag without an opening one")?;
        let Some((entry, entry_depth)) = &mut self.entry else { return Ok(None) };
        match (depth.checked_sub(*entry_depth), self.open.take()) {
            (Some(0), _) => return Ok(self.entry.take().map(|(entry, _)| entry)),
            (Some(1), Some(Open::Field(field, is_googles))) => {
                entry.take(field, is_googles, &self.text);
            }
            (Some(1), Some(Open::Shipping(is_googles))) => {
                entry.end_shipping(is_googles, &self.text);
            }
            (Some(2), Some(Open::Part(name, is_googles))) => {
                entry.take_part(&name, &self.text);
                self.text.clear();
                self.open = Some(Open::Shipping(is_googles));
            }
            (Some(1), _) => {}
            // Of an element that is deeper inside.
            (_, open) => self.open = open,
        }
        Ok(None)
    }

    fn text(&mut self, text: &str) -> Result<(), String> {
        if self.depth == 0 && !text.trim().is_empty() {
            return Err("there is text outside of the root element".into());
        }
        // What is longer is rejected anyway.
        if self.open.is_some() && self.text.len() <= MOST_BYTES {
            self.text.push_str(text);
        }
        Ok(())
    }
}
