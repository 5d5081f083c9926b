//! The asset bucket as an object store: what is there, and writes on a condition.

use engine::{Aws, AwsErrorKind, AwsOptions, ObjectStore};

use crate::support::{ACCOUNT, World};

#[tokio::test]
async fn of_two_writers_one_wins() {
    let world = World::new().await;
    let store: &dyn ObjectStore = &world.cloud;
    assert_eq!(store.object("a/k").await.unwrap(), None);
    assert_eq!(store.keys("").await.unwrap(), Vec::<String>::new());
    let first = store
        .put_new("a/k", b"1")
        .await
        .unwrap()
        .expect("it is new");
    assert_eq!(store.put_new("a/k", b"2").await.unwrap(), None);
    let found = store.object("a/k").await.unwrap().expect("it was written");
    assert_eq!(
        (found.body.as_slice(), &found.tag),
        (b"1".as_slice(), &first)
    );
    let second = store.put_if_unchanged("a/k", b"3", &first).await.unwrap();
    assert!(second.is_some_and(|second| second != first));
    assert_eq!(
        store.put_if_unchanged("a/k", b"4", &first).await.unwrap(),
        None
    );
    assert_eq!(
        store
            .put_if_unchanged("a/none", b"4", &first)
            .await
            .unwrap(),
        None
    );
    let found = store.object("a/k").await.unwrap().expect("it was written");
    assert_eq!(found.body, b"3");
}

#[tokio::test]
async fn keys_are_listed_over_all_pages() {
    let world = World::new().await;
    let store: &dyn ObjectStore = &world.cloud;
    for number in 0..1203 {
        let key = format!("p/{}/{number:04}", number % 3);
        store.put_new(&key, b"").await.unwrap();
    }
    store.put_new("q/1", b"").await.unwrap();
    assert_eq!(store.keys("p/").await.unwrap().len(), 1203);
    assert!(store.keys("p/").await.unwrap().is_sorted());
    assert_eq!(store.folders("").await.unwrap(), ["p", "q"]);
    assert_eq!(store.folders("p/").await.unwrap(), ["0", "1", "2"]);
}

#[tokio::test]
async fn a_bucket_of_another_account_is_not_a_missing_one() {
    let world = World::new().await;
    let connect = async |account: &str, embedded: bool| {
        Aws::connect(AwsOptions {
            region: "us-east-1".to_owned(),
            account: account.to_owned(),
            endpoint_url: Some(world.address.clone()),
            embedded,
            asset_bucket: Some("assets".to_owned()),
            ..AwsOptions::default()
        })
        .await
    };
    connect(ACCOUNT, true)
        .await
        .put_new("k", b"1")
        .await
        .unwrap();
    let foreign = connect("111122223333", true).await;
    for error in [
        foreign.object("k").await.map(|_| ()).unwrap_err(),
        foreign.keys("k").await.map(|_| ()).unwrap_err(),
        foreign.put_new("k", b"2").await.map(|_| ()).unwrap_err(),
    ] {
        assert_eq!(error.kind, AwsErrorKind::AccessDenied, "{error}");
        assert!(!error.is_missing_bucket(), "{error}");
    }
}
