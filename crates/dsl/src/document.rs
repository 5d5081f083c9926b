//! JSON documents with values in them: `document!`.

/// Writes a JSON document with values in it, as `serde_json::json!` does for plain ones, and gives a
/// [`Value<Json>`](crate::Value).
///
/// Keys are texts; values are literals, lists, objects and any Rust expression that is a value.
///
/// ```
/// # use dsl::{RawResource, arn, document};
/// # let stack = dsl::testing::app().stack("files");
/// # let bucket = stack.add("Bucket", RawResource::new("AWS::S3::Bucket"));
/// let policy = document!({
///     "Version": "2012-10-17",
///     "Statement": [{
///         "Effect": "Allow",
///         "Action": ["s3:GetObject", "s3:PutObject"],
///         "Resource": arn!("arn:aws:s3:::{}/*", bucket.id()),
///     }],
/// });
/// ```
#[macro_export]
macro_rules! document {
    ($($content:tt)+) => {
        $crate::Value::<$crate::Json>::from_expression($crate::document_part!($($content)+))
    };
}

/// What `document!` comes down to: one part of a document as an expression.
#[doc(hidden)]
#[macro_export]
macro_rules! document_part {
    ({ $($entries:tt)* }) => {{
        #[allow(unused_mut, reason = "an empty object takes no entry")]
        let mut object = $crate::Object::new();
        $crate::document_entries!(object $($entries)*);
        $crate::Expression::Object(object)
    }};
    ([ $($elements:tt)* ]) => {{
        #[allow(unused_mut, reason = "an empty list takes no element")]
        let mut list = ::std::vec::Vec::<$crate::Expression>::new();
        $crate::document_elements!(list $($elements)*);
        $crate::Expression::List(list)
    }};
    ($value:expr) => {
        $crate::Expression::from($value)
    };
}

/// The entries of an object, one after the other.
#[doc(hidden)]
#[macro_export]
macro_rules! document_entries {
    ($object:ident) => {};
    ($object:ident $key:literal : { $($entries:tt)* } $(, $($rest:tt)*)?) => {
        $object.insert($key, $crate::document_part!({ $($entries)* }));
        $crate::document_entries!($object $($($rest)*)?);
    };
    ($object:ident $key:literal : [ $($elements:tt)* ] $(, $($rest:tt)*)?) => {
        $object.insert($key, $crate::document_part!([ $($elements)* ]));
        $crate::document_entries!($object $($($rest)*)?);
    };
    ($object:ident $key:literal : $value:expr $(, $($rest:tt)*)?) => {
        $object.insert($key, $crate::document_part!($value));
        $crate::document_entries!($object $($($rest)*)?);
    };
}

/// The elements of a list, one after the other.
#[doc(hidden)]
#[macro_export]
macro_rules! document_elements {
    ($list:ident) => {};
    ($list:ident { $($entries:tt)* } $(, $($rest:tt)*)?) => {
        $list.push($crate::document_part!({ $($entries)* }));
        $crate::document_elements!($list $($($rest)*)?);
    };
    ($list:ident [ $($elements:tt)* ] $(, $($rest:tt)*)?) => {
        $list.push($crate::document_part!([ $($elements)* ]));
        $crate::document_elements!($list $($($rest)*)?);
    };
    ($list:ident $value:expr $(, $($rest:tt)*)?) => {
        $list.push($crate::document_part!($value));
        $crate::document_elements!($list $($($rest)*)?);
    };
}
