//! Lists that lead nowhere: they repeat a page, begin anew or promise more for ever.

use hyper::body::Incoming;

use super::Server;
use super::answer::Answer;
use super::fault::Fault;
use super::query::Query;
use crate::json::json;

impl Server {
    /// The answer to a request; lists go astray when the fault says so.
    pub(super) fn respond(&self, request: &hyper::Request<Incoming>, fault: Option<Fault>) -> Answer {
        let version = super::header(request, "stripe-version");
        let query = || Query::parse(request.uri().query().unwrap_or_default()).in_version(version);
        let from_its_beginning = || self.read(request, &query().without("starting_after"));
        let mut read = match fault {
            Some(Fault::SamePage) => from_its_beginning(),
            _ => self.read(request, &query()),
        };
        if fault == Some(Fault::Circle) && read.as_ref().is_ok_and(|page| page["data"] == json!([])) {
            read = from_its_beginning();
        }
        if matches!(fault, Some(Fault::MoreForEver | Fault::SamePage | Fault::Circle))
            && let Ok(page) = &mut read
            && page["object"] == "list"
        {
            page["has_more"] = json!(true);
        }
        read.map_or_else(Answer::from, Answer::from)
    }
}
