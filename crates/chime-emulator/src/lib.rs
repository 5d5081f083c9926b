//! Plays the Amazon Chime SDK meetings service, in memory and without media, for development and tests.
//!
//! [`router`] answers as `meetings-chime.<region>.amazonaws.com` does: the AWS SDKs take it for the service when it is
//! their endpoint. What it keeps to is the service's own model (every length, pattern, range and enumeration), and, where
//! the model says nothing, the [developer guide](https://docs.aws.amazon.com/chime-sdk/latest/dg/create-mtgs.html).
//!
//! - There is no media. The URLs of a meeting have the form of Chime's own, in a domain that does not exist.
//! - Requests must be signed in form, for the service `chime` and a region that has it. The signature is **not checked**,
//!   so everybody who reaches it is let in.
//! - Meetings belong to the region that the request is signed for, as they do there.
//! - The time is passed in, and can be moved on.
//! - Attendees' capabilities cannot be changed later, meetings are not transcribed, not replicated and notify nobody.
//!
//! A meeting ends when it is deleted, when nobody has been connected for more than five minutes, and after 24 hours. The
//! token that made it is spent then: the same request gives the same, ended meeting again, in which nobody can be created.
//!
//! `cargo run -p chime-emulator -- --listen 127.0.0.1:4600` serves it until it is told to stop. Everything is in memory.
//!
//! # What tests decide
//!
//! | request below `/_emulator` | what it does |
//! |---|---|
//! | `GET meetings` | all meetings there have been, each with its attendees and, when it has ended, why; no join tokens |
//! | `POST meetings/{id}/end` | ends a meeting now |
//! | `PUT`, `DELETE meetings/{id}/attendees/{id}/connection` | an attendee connects, disconnects |
//! | `POST clock` `{"advanceSeconds": 301}` | moves the time on |
//! | `POST faults` `{"operation": "CreateMeeting", "fault": "throttle", "times": 2}` | lets the next calls of an operation go wrong, once unless it says how often |
//! | `DELETE faults` | lets no more calls go wrong |
//!
//! Faults: `throttle`, `conflict`, `failure` (500), `unavailable` (503), `no-answer` (nothing is done and nothing
//! answered) and `lost-answer` (it is done, but not answered). Nothing of this wants a signature.

mod attendee;
mod control;
mod emulator;
mod fault;
mod features;
mod identifiers;
mod meeting;
mod meetings;
mod model;
mod operations;
mod refusal;
mod router;
mod shape;
mod signature;
mod tags;

pub use emulator::{Clock, Options};
pub use router::router;
