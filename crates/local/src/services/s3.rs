//! S3: buckets and objects, as far as template uploads and deployment records need them, and what stacks have set of
//! buckets. Path-style addresses, and `bucket.localhost` for clients that insist on the other style.

use axum::{
    http::{Method, StatusCode},
    response::Response,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::{Timestamp, fmt::rfc2822};
use percent_encoding::percent_decode_str;

use super::{deployed, settings};
use crate::{
    endpoint::{Context, Core},
    identifiers,
    router::{Call, respond, status},
    state::{Object, Record, State},
    wire::{Form, Refusal, Xml},
};

pub(super) const NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";

/// Answers a REST call.
pub(crate) fn answer(context: &Context<'_>, call: &Call) -> Response {
    let request = Target::of(call);
    let mut response =
        perform(context, call, &request).unwrap_or_else(|refusal| refused(context, call, &refusal));
    if let Ok(id) = context.request_id.parse() {
        response.headers_mut().insert("x-amz-request-id", id);
    }
    response
}

/// A refusal in the words of the service.
pub(crate) fn refused(context: &Context<'_>, call: &Call, refusal: &Refusal) -> Response {
    let text = Xml::document("Error", "", |xml| {
        xml.text("Code", refusal.code);
        xml.text("Message", &refusal.message);
        xml.text("Resource", call.uri.path());
        xml.text("RequestId", &context.request_id);
    });
    let body = if call.method == Method::HEAD {
        Vec::new()
    } else {
        text.into_bytes()
    };
    respond(
        status(refusal.status),
        &[("content-type", "application/xml")],
        body,
    )
}

/// The name of the operation that a call asks for, as far as scenarios name it.
pub(crate) fn operation(call: &Call) -> &'static str {
    let target = Target::of(call);
    match (call.method.as_str(), target.key.is_empty()) {
        ("PUT", true) => "CreateBucket",
        ("PUT", false) => "PutObject",
        ("HEAD", true) => "HeadBucket",
        ("HEAD", false) => "HeadObject",
        ("GET", true) => match settings::asked(&target) {
            Some(setting) => setting.operation,
            None if target.query.get("location").is_some() => "GetBucketLocation",
            None if target.query.get("list-type") == Some("2") => "ListObjectsV2",
            None => "ListObjects",
        },
        ("GET", false) => "GetObject",
        ("DELETE", false) => "DeleteObject",
        _ => "Unknown",
    }
}

/// What a call is about.
pub(crate) struct Target {
    pub(crate) bucket: String,
    pub(crate) key: String,
    pub(crate) query: Form,
}

impl Target {
    pub(crate) fn of(call: &Call) -> Self {
        let path = percent_decode_str(call.uri.path().trim_start_matches('/'))
            .decode_utf8_lossy()
            .into_owned();
        let host = call.header("host").unwrap_or_default();
        let host = host.split(':').next().unwrap_or_default();
        let (bucket, key) = match host.strip_suffix(".localhost") {
            Some(bucket) => (bucket.to_owned(), path),
            None => match path.split_once('/') {
                Some((bucket, key)) => (bucket.to_owned(), key.to_owned()),
                None => (path, String::new()),
            },
        };
        Self {
            bucket,
            key,
            query: Form::parse(call.uri.query().unwrap_or_default().as_bytes()),
        }
    }
}

fn perform(context: &Context<'_>, call: &Call, target: &Target) -> Result<Response, Refusal> {
    let mut core = context.endpoint.core();
    if target.bucket.is_empty() {
        return match call.method {
            Method::GET => Ok(list_buckets(context, &core.state)),
            _ => Err(method_not_allowed()),
        };
    }
    check_owner(context, call)?;
    let answer = match (call.method.as_str(), target.key.is_empty()) {
        ("PUT", true) => create_bucket(context, &mut core, target),
        ("HEAD", true) => head_bucket(context, &core.state, target),
        ("GET", true) => match settings::asked(target) {
            Some(_) if !bucket_exists(&core.state, &target.bucket) => Err(no_such_bucket()),
            Some(setting) => settings::read(&core.state, context.seed(), &target.bucket, setting),
            None => list_objects(&core.state, target),
        },
        ("PUT", false) => put_object(context, &mut core, call, target),
        ("GET" | "HEAD", false) => get_object(&core.state, call, target),
        ("DELETE", false) => delete_object(&mut core, call, target),
        _ => Err(method_not_allowed()),
    }?;
    core.sync(context.now)?;
    Ok(answer)
}

/// Refuses a call that expects the bucket to belong to another account.
fn check_owner(context: &Context<'_>, call: &Call) -> Result<(), Refusal> {
    match call.header("x-amz-expected-bucket-owner") {
        Some(owner) if owner != context.account() => {
            Err(Refusal::new("AccessDenied", "Access Denied").with_status(403))
        }
        _ => Ok(()),
    }
}

/// An object by bucket and key.
pub(crate) fn object<'a>(state: &'a State, bucket: &str, key: &str) -> Result<&'a Object, Refusal> {
    if !bucket_exists(state, bucket) {
        return Err(no_such_bucket());
    }
    state
        .objects
        .get(&(bucket.to_owned(), key.to_owned()))
        .ok_or_else(|| {
            Refusal::new("NoSuchKey", "The specified key does not exist.").with_status(404)
        })
}

/// The bytes of an object.
pub(crate) fn body_of(object: &Object) -> Result<Vec<u8>, Refusal> {
    STANDARD
        .decode(&object.body)
        .map_err(|_| Refusal::internal(format!("the object {} cannot be read back", object.key)))
}

/// A bucket exists when it was made through this service or by a stack.
fn bucket_exists(state: &State, name: &str) -> bool {
    state.buckets.contains_key(name) || deployed::find(state, "AWS::S3::Bucket", name).is_some()
}

fn create_bucket(
    context: &Context<'_>,
    core: &mut Core,
    target: &Target,
) -> Result<Response, Refusal> {
    // `PUT /bucket?versioning` and its like set something of a bucket that exists.
    if target.query.names().any(|name| name != "x-id") {
        return Err(Refusal::new(
            "NotImplemented",
            "The local endpoint keeps no settings of buckets; declare them in a stack.",
        )
        .with_status(501));
    }
    if bucket_exists(&core.state, &target.bucket) {
        return Err(Refusal::new(
            "BucketAlreadyOwnedByYou",
            "Your previous request to create the named bucket succeeded and you already own it.",
        )
        .with_status(409));
    }
    core.commit(vec![Record::Bucket(target.bucket.clone(), context.now)])?;
    let location = format!("/{}", target.bucket);
    Ok(respond(
        StatusCode::OK,
        &[("location", &location)],
        Vec::new(),
    ))
}

fn head_bucket(context: &Context<'_>, state: &State, target: &Target) -> Result<Response, Refusal> {
    if !bucket_exists(state, &target.bucket) {
        return Err(no_such_bucket());
    }
    let headers = [("x-amz-bucket-region", context.region.as_str())];
    Ok(respond(StatusCode::OK, &headers, Vec::new()))
}

fn list_buckets(context: &Context<'_>, state: &State) -> Response {
    let text = Xml::document("ListAllMyBucketsResult", NAMESPACE, |xml| {
        xml.element("Owner", |xml| xml.text("ID", context.account()));
        xml.element("Buckets", |xml| {
            for (name, created) in &state.buckets {
                xml.element("Bucket", |xml| {
                    xml.text("Name", name);
                    xml.text("CreationDate", created.to_string());
                });
            }
        });
    });
    respond(
        StatusCode::OK,
        &[("content-type", "application/xml")],
        text.into_bytes(),
    )
}

fn list_objects(state: &State, target: &Target) -> Result<Response, Refusal> {
    if !bucket_exists(state, &target.bucket) {
        return Err(no_such_bucket());
    }
    let query = &target.query;
    if query.get("location").is_some() {
        let text = Xml::document("LocationConstraint", NAMESPACE, |_| {});
        return Ok(respond(
            StatusCode::OK,
            &[("content-type", "application/xml")],
            text.into_bytes(),
        ));
    }
    let prefix = query.get("prefix").unwrap_or_default();
    let delimiter = query.filled("delimiter");
    let most: usize = query
        .get("max-keys")
        .and_then(|most| most.parse().ok())
        .unwrap_or(1000)
        .min(1000);
    let after = query
        .get("continuation-token")
        .or_else(|| query.get("start-after"))
        .unwrap_or_default();
    let listing = Listing::of(state, &target.bucket, prefix, delimiter, after, most);
    let text = Xml::document("ListBucketResult", NAMESPACE, |xml| {
        xml.text("Name", &target.bucket);
        xml.text("Prefix", prefix);
        xml.maybe("Delimiter", delimiter);
        xml.text("MaxKeys", most.to_string());
        xml.text(
            "KeyCount",
            (listing.objects.len() + listing.prefixes.len()).to_string(),
        );
        xml.flag("IsTruncated", listing.next.is_some());
        xml.maybe("NextContinuationToken", listing.next.as_ref());
        for object in &listing.objects {
            xml.element("Contents", |xml| {
                xml.text("Key", &object.key);
                xml.text("LastModified", object.modified.to_string());
                xml.text("ETag", &object.etag);
                xml.text("Size", object.size.to_string());
                xml.text("StorageClass", "STANDARD");
            });
        }
        for prefix in &listing.prefixes {
            xml.element("CommonPrefixes", |xml| xml.text("Prefix", prefix));
        }
    });
    Ok(respond(
        StatusCode::OK,
        &[("content-type", "application/xml")],
        text.into_bytes(),
    ))
}

/// One page of a bucket's keys.
#[derive(Default)]
struct Listing<'a> {
    objects: Vec<&'a Object>,
    prefixes: Vec<String>,
    /// The last key looked at, when there is more.
    next: Option<String>,
}

impl<'a> Listing<'a> {
    fn of(
        state: &'a State,
        bucket: &str,
        prefix: &str,
        delimiter: Option<&str>,
        after: &str,
        most: usize,
    ) -> Self {
        let mut listing = Self::default();
        let mut last = None;
        let start = (bucket.to_owned(), prefix.to_owned());
        for ((owner, key), object) in state.objects.range(start..) {
            let (true, Some(rest)) = (owner == bucket, key.strip_prefix(prefix)) else {
                break;
            };
            let common = delimiter.and_then(|delimiter| {
                let end = rest.find(delimiter)? + delimiter.len();
                Some(format!("{prefix}{}", &rest[..end]))
            });
            let is_behind = match &common {
                Some(common) => common.as_str() <= after || listing.prefixes.last() == Some(common),
                None => key.as_str() <= after,
            };
            if is_behind {
                continue;
            }
            if listing.objects.len() + listing.prefixes.len() >= most {
                listing.next = last;
                break;
            }
            last = Some(common.clone().unwrap_or_else(|| key.clone()));
            match common {
                Some(common) => listing.prefixes.push(common),
                None => listing.objects.push(object),
            }
        }
        listing
    }
}

fn put_object(
    context: &Context<'_>,
    core: &mut Core,
    call: &Call,
    target: &Target,
) -> Result<Response, Refusal> {
    if target.query.get("uploadId").is_some() || call.header("x-amz-copy-source").is_some() {
        return Err(Refusal::new(
            "NotImplemented",
            "The local endpoint stores objects whole: no multipart uploads, no copies.",
        )
        .with_status(501));
    }
    if !bucket_exists(&core.state, &target.bucket) {
        return Err(no_such_bucket());
    }
    check_conditions(&core.state, call, target)?;
    let is_streamed = call
        .header("x-amz-content-sha256")
        .is_some_and(|kind| kind.starts_with("STREAMING-"));
    let decoded;
    let body = if is_streamed {
        decoded = unchunk(&call.body).ok_or_else(|| {
            Refusal::new("IncompleteBody", "The chunks of the body do not add up")
        })?;
        &decoded
    } else {
        &call.body
    };
    let etag = format!("\"{}\"", &identifiers::content_digest(body)[..32]);
    let metadata = call
        .headers
        .iter()
        .filter(|(name, _)| name.as_str().starts_with("x-amz-meta-"))
        .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())))
        .collect();
    let object = Object {
        bucket: target.bucket.clone(),
        key: target.key.clone(),
        size: body.len(),
        body: STANDARD.encode(body),
        content_type: call
            .header("content-type")
            .unwrap_or("binary/octet-stream")
            .to_owned(),
        etag: etag.clone(),
        metadata,
        modified: context.now,
    };
    core.commit(vec![Record::Object(Box::new(object))])?;
    Ok(respond(StatusCode::OK, &[("etag", &etag)], Vec::new()))
}

/// Refuses a write whose condition does not hold: `If-None-Match: *` for an object that is to be new, `If-Match` for one
/// that is to be as it was read. An object that is gone is not one that has changed.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html>
fn check_conditions(state: &State, call: &Call, target: &Target) -> Result<(), Refusal> {
    let existing = object(state, &target.bucket, &target.key);
    let holds = match (call.header("if-none-match"), call.header("if-match")) {
        (None, None) => true,
        (Some("*"), None) => existing.is_err(),
        (None, Some(wanted)) => wanted == "*" || is_tag_of(existing?, wanted),
        (Some(_), _) => {
            return Err(Refusal::new(
                "NotImplemented",
                "A header you provided implies functionality that is not implemented",
            )
            .with_status(501));
        }
    };
    if holds {
        Ok(())
    } else {
        Err(Refusal::new(
            "PreconditionFailed",
            "At least one of the pre-conditions you specified did not hold",
        )
        .with_status(412))
    }
}

/// Whether an `If-Match` names an object as it is; the quotes may be missing.
fn is_tag_of(object: &Object, wanted: &str) -> bool {
    object.etag.trim_matches('"') == wanted.trim_matches('"')
}

fn get_object(state: &State, call: &Call, target: &Target) -> Result<Response, Refusal> {
    let object = object(state, &target.bucket, &target.key)?;
    let modified = http_date(object.modified);
    let size = object.size.to_string();
    let mut headers = vec![
        ("content-type", object.content_type.as_str()),
        ("etag", object.etag.as_str()),
        ("last-modified", modified.as_str()),
    ];
    headers.extend(
        object
            .metadata
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str())),
    );
    if call.method == Method::HEAD {
        headers.push(("content-length", size.as_str()));
        return Ok(respond(StatusCode::OK, &headers, Vec::new()));
    }
    Ok(respond(StatusCode::OK, &headers, body_of(object)?))
}

fn delete_object(core: &mut Core, call: &Call, target: &Target) -> Result<Response, Refusal> {
    check_conditions(&core.state, call, target)?;
    match object(&core.state, &target.bucket, &target.key) {
        Ok(_) => core.commit(vec![Record::ObjectGone(
            target.bucket.clone(),
            target.key.clone(),
        )])?,
        Err(refusal) if refusal.code == "NoSuchKey" => {}
        Err(refusal) => return Err(refusal),
    }
    Ok(respond(StatusCode::NO_CONTENT, &[], Vec::new()))
}

/// Takes the `aws-chunked` form off a body: `<size in hexadecimal>[;signature]`, the bytes, and so on until size 0.
fn unchunk(mut body: &[u8]) -> Option<Vec<u8>> {
    let mut whole = Vec::with_capacity(body.len());
    loop {
        let end = body.windows(2).position(|pair| pair == b"\r\n")?;
        let head = std::str::from_utf8(&body[..end]).ok()?;
        let size = usize::from_str_radix(head.split(';').next()?.trim(), 16).ok()?;
        if size == 0 {
            return Some(whole);
        }
        let start = end + 2;
        let chunk = body.get(start..start.checked_add(size)?)?;
        whole.extend_from_slice(chunk);
        body = body.get(start + size..)?.strip_prefix(b"\r\n")?;
    }
}

fn http_date(time: Timestamp) -> String {
    rfc2822::DateTimePrinter::new()
        .timestamp_to_rfc9110_string(&time)
        .unwrap_or_default()
}

fn no_such_bucket() -> Refusal {
    Refusal::new("NoSuchBucket", "The specified bucket does not exist").with_status(404)
}

fn method_not_allowed() -> Refusal {
    Refusal::new(
        "MethodNotAllowed",
        "The specified method is not allowed against this resource.",
    )
    .with_status(405)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunked_bodies_are_put_together() {
        let body =
            b"3;chunk-signature=ab\r\nabc\r\n2\r\nde\r\n0\r\nx-amz-checksum-crc32:AAAA\r\n\r\n";
        assert_eq!(unchunk(body).as_deref(), Some(b"abcde".as_slice()));
        assert_eq!(unchunk(b"5\r\nabc"), None);
    }
}
