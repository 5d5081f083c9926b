//! Files: what is reserved, what was uploaded, and how many bytes an instance holds.

use jiff::{SignedDuration, Timestamp};

use crate::{
    Error, FileKey, FileName, InstanceId, Ledger, Quota, Receipt, Refusal, Sub, Usage,
    charge::COUNT_GUEST,
    database::{Row, statement},
    quota::Period,
    standing::Standing,
};

/// How long an uploaded file is held, and may be fetched.
const KEPT: SignedDuration = SignedDuration::from_hours(24);
/// How long a file is remembered that is held no longer.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Reserves, if a plan of the instance (`?2`, or else the caller's own) allows such a file, there is room beside what it holds, and
/// its guests may come again.
pub(crate) const RESERVE: &str = "INSERT INTO files (instance, name, size, content_type, reserved_at, url_expires_at, held_until)
SELECT customers.instance, ?3, ?4, ?5, ?6, ?7, ?7
FROM customers JOIN entitlements ON owner = customers.sub LEFT JOIN media_types USING (lookup_key)
WHERE customers.sub = CASE WHEN ?2 IS NULL THEN ?1 ELSE (SELECT sub FROM customers WHERE instance = ?2) END
    AND (customers.sub = ?1 OR ?9 > coalesce((
        SELECT used FROM guests WHERE guests.instance = customers.instance AND guest = ?1 AND day >= ?8
    ), 0))
GROUP BY customers.instance HAVING max(file_size) >= ?4 AND max(coalesce(?10 GLOB media_type, TRUE))
    AND max(storage) - ?4 >= coalesce((
        SELECT sum(size) FROM files WHERE files.instance = customers.instance AND held_until > ?6
    ), 0)
RETURNING instance";

/// What the plans allow of a file, where it is beyond that; no row when one allows it.
pub(crate) const UNFIT: &str = "SELECT CASE WHEN max(file_size) < ?3 THEN max(file_size) END AS largest,
    CASE WHEN NOT max(coalesce(?4 GLOB media_type, TRUE)) THEN group_concat(DISTINCT media_type) END AS allowed
FROM customers JOIN entitlements ON owner = customers.sub LEFT JOIN media_types USING (lookup_key)
WHERE customers.sub = CASE WHEN ?2 IS NULL THEN ?1 ELSE (SELECT sub FROM customers WHERE instance = ?2) END
GROUP BY customers.instance HAVING largest IS NOT NULL OR allowed IS NOT NULL";

/// Forgets the instance's files that are long gone, so that there are never more rows than it had files lately.
pub(crate) const FORGET: &str = "DELETE FROM files WHERE held_until < ?3
    AND instance = CASE WHEN ?2 IS NULL THEN (SELECT instance FROM customers WHERE sub = ?1) ELSE ?2 END";

pub(crate) const CONFIRM: &str =
    "UPDATE files SET state = 'uploaded', uploaded_at = ?3, held_until = ?4
WHERE instance = ?1 AND name = ?2 AND state <> 'uploaded' RETURNING size";
pub(crate) const RELEASE: &str = "UPDATE files SET state = 'released', held_until = reserved_at WHERE instance = ?1 AND name = ?2 RETURNING size";
pub(crate) const FILE: &str =
    "SELECT instance, name, size, content_type, reserved_at, url_expires_at, state, uploaded_at
FROM files WHERE instance = ?1 AND name = ?2";
pub(crate) const UNDECIDED: &str = "SELECT instance, name, size, content_type, reserved_at, url_expires_at, state, uploaded_at
FROM files WHERE instance = ?1 AND state = 'reserved' AND url_expires_at <= ?2 AND url_expires_at > ?3
ORDER BY url_expires_at, name LIMIT ?4";

/// A file that somebody wants to upload.
#[derive(Clone, Debug)]
pub struct Upload {
    /// Its name within the instance, made for it.
    pub name: FileName,
    /// Its size in bytes, at least one.
    pub size: u64,
    /// Its media type, with parameters.
    pub content_type: String,
    /// Until when the upload may begin.
    pub url_expires_at: Timestamp,
}

/// What the plans of an instance allow of a file, where it is beyond that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfit {
    /// The largest size in bytes, of a file that is larger.
    pub size: Option<u64>,
    /// The media types, of a file of another one; `image/*` is all images.
    pub media_types: Option<Vec<String>>,
}

/// Room for a file.
#[derive(Debug)]
pub struct Reserved {
    /// What it was reserved in.
    pub instance: InstanceId,
    /// Whose that is.
    pub owner: Sub,
    /// The key of the object.
    pub key: FileKey,
    /// What the instance holds now, this file included.
    pub storage: Usage,
    /// What gives a guest's request back. The file itself is given back by releasing it.
    pub receipt: Receipt,
}

/// A file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// The key of its object.
    pub key: FileKey,
    /// Its size in bytes.
    pub size: u64,
    /// Its media type.
    pub content_type: String,
    /// When room was reserved for it.
    pub reserved_at: Timestamp,
    /// Until when the upload could begin.
    pub url_expires_at: Timestamp,
    /// What is known of it.
    pub state: FileState,
}

/// What is known of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileState {
    /// It may be there or not.
    Reserved,
    /// It was uploaded.
    Uploaded {
        /// When.
        at: Timestamp,
    },
    /// It never came, or is gone.
    Released,
}

impl Ledger {
    /// Reserves room for a file in `wanted`, or in the caller's own instance; for a guest of it also counts a request of their day.
    ///
    /// # Errors
    /// The database fails. Whether room is reserved is then unknown; it is released when the URL expires.
    pub async fn reserve_file(
        &self,
        caller: &Sub,
        wanted: Option<&InstanceId>,
        upload: &Upload,
        guest_limit: u64,
        now: Timestamp,
    ) -> Result<Result<Reserved, Refusal>, Error> {
        let day = Period::day_of(now);
        let media_type = upload.media_type();
        let reserve = statement!(
            RESERVE,
            caller.as_str(),
            wanted.map(InstanceId::as_str),
            upload.name.as_str(),
            upload.size,
            upload.content_type.as_str(),
            now,
            upload.url_expires_at,
            day.start,
            guest_limit,
            media_type.as_str(),
        );
        let guest = statement!(
            COUNT_GUEST,
            caller.as_str(),
            wanted.map(InstanceId::as_str),
            day.start,
        );
        let forget = statement!(
            FORGET,
            caller.as_str(),
            wanted.map(InstanceId::as_str),
            now.checked_sub(REMEMBERED).unwrap_or(Timestamp::MIN),
        );
        let unfit = statement!(
            UNFIT,
            caller.as_str(),
            wanted.map(InstanceId::as_str),
            upload.size,
            media_type,
        );
        let read = Standing::statement(caller, wanted, now);
        let statements = [reserve, guest, forget, unfit, read];
        let [reserved, _, _, unfit, standing] = self.database.transaction(statements).await?;
        let Some(standing) = Standing::of(&standing)? else {
            return Ok(Err(Refusal::of_nobody(wanted)));
        };
        if reserved.is_empty() {
            let unfit = unfit.first().map(Unfit::read).transpose()?;
            let refusal = unfit
                .map(Refusal::Unfit)
                .or_else(|| standing.refusal(Quota::Storage, caller, guest_limit, upload.size, now))
                .unwrap_or_else(|| Refusal::Exceeded(standing.exceeded(Quota::Storage, now)));
            return Ok(Err(refusal));
        }
        let guest = (standing.owner != *caller).then(|| (caller.clone(), day.start));
        Ok(Ok(Reserved {
            key: FileKey::of(&standing.instance, &upload.name),
            storage: standing.usage(Quota::Storage, now),
            receipt: Receipt {
                instance: standing.instance.clone(),
                counter: None,
                guest,
            },
            instance: standing.instance,
            owner: standing.owner,
        }))
    }

    /// Says that a file was uploaded, which counts for 24 hours from then on; false when there is no such file. The first who says so
    /// is believed.
    ///
    /// # Errors
    /// The database fails.
    pub async fn confirm_file(&self, key: &FileKey, uploaded_at: Timestamp) -> Result<bool, Error> {
        let held_until = uploaded_at.checked_add(KEPT).unwrap_or(Timestamp::MAX);
        let confirm = statement!(
            CONFIRM,
            key.instance().as_str(),
            key.name().as_str(),
            uploaded_at,
            held_until,
        );
        let is_new = !self.database.run(confirm).await?.is_empty();
        Ok(is_new || self.file(key).await?.is_some())
    }

    /// Says that a file never came or is gone, and counts it no longer; false when there is no such file.
    ///
    /// # Errors
    /// The database fails.
    pub async fn release_file(&self, key: &FileKey) -> Result<bool, Error> {
        let release = statement!(RELEASE, key.instance().as_str(), key.name().as_str());
        Ok(!self.database.run(release).await?.is_empty())
    }

    /// Files of which it is not known whether they came, and whose URL has expired; the earliest first. Those that would be gone
    /// anyway are left out.
    ///
    /// # Errors
    /// The database fails.
    pub async fn undecided_files(
        &self,
        instance: &InstanceId,
        now: Timestamp,
        at_most: u32,
    ) -> Result<Vec<File>, Error> {
        let earliest = now.checked_sub(KEPT).unwrap_or(Timestamp::MIN);
        let undecided = statement!(UNDECIDED, instance.as_str(), now, earliest, at_most);
        self.database
            .run(undecided)
            .await?
            .iter()
            .map(File::read)
            .collect()
    }

    /// What is known of a file; none when no room was ever reserved for it.
    ///
    /// # Errors
    /// The database fails.
    pub async fn file(&self, key: &FileKey) -> Result<Option<File>, Error> {
        let file = statement!(FILE, key.instance().as_str(), key.name().as_str());
        self.database
            .run(file)
            .await?
            .first()
            .map(File::read)
            .transpose()
    }
}

impl Upload {
    /// Its media type as plans name it.
    fn media_type(&self) -> String {
        let essence = self.content_type.split(';').next().unwrap_or_default();
        essence.trim().to_ascii_lowercase()
    }
}

impl Unfit {
    fn read(row: &Row) -> Result<Self, Error> {
        const WHAT: &str = "a plan";
        let size = row.optional_integer(0, WHAT)?;
        let size = size.map(u64::try_from).transpose();
        let media_types = row.optional_text(1, WHAT)?;
        Ok(Self {
            size: size.map_err(|_| Error::Unreadable(WHAT))?,
            media_types: media_types.map(|types| types.split(',').map(str::to_owned).collect()),
        })
    }
}

impl File {
    /// When it is no longer to be fetched; none when it is not known to have come.
    pub fn kept_until(&self) -> Option<Timestamp> {
        match self.state {
            FileState::Uploaded { at } => Some(at.checked_add(KEPT).unwrap_or(Timestamp::MAX)),
            FileState::Reserved | FileState::Released => None,
        }
    }

    fn read(row: &Row) -> Result<Self, Error> {
        const WHAT: &str = "a file";
        let unreadable = |_| Error::Unreadable(WHAT);
        let instance = InstanceId::new(row.text(0, WHAT)?).map_err(unreadable)?;
        let name = FileName::new(row.text(1, WHAT)?).map_err(unreadable)?;
        Ok(Self {
            key: FileKey::of(&instance, &name),
            size: row.count(2, WHAT)?,
            content_type: row.text(3, WHAT)?.to_owned(),
            reserved_at: row.time(4, WHAT)?,
            url_expires_at: row.time(5, WHAT)?,
            state: match row.text(6, WHAT)? {
                "reserved" => FileState::Reserved,
                "uploaded" => FileState::Uploaded {
                    at: row.time(7, WHAT)?,
                },
                "released" => FileState::Released,
                _ => return Err(Error::Unreadable(WHAT)),
            },
        })
    }
}
