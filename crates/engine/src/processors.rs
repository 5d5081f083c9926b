//! Work on many things at once, for what computes and does not wait.

use std::{
    num::NonZero,
    panic,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

/// How many bytes of templates are worth a thread: with less, starting it takes as long as it saves.
const WORTH_A_THREAD: usize = 128 << 10;

/// What `work` makes of each item, in their order, done on as many processors as templates of so many bytes are worth.
pub fn on_all_processors<T: Sync, R: Send>(
    items: &[T],
    bytes: usize,
    work: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let take = || {
        let mut done = Vec::new();
        while let index = next.fetch_add(1, Ordering::Relaxed)
            && let Some(item) = items.get(index)
        {
            done.push((index, work(item)));
        }
        done
    };
    let worth = items.len().min(bytes / WORTH_A_THREAD + 1);
    let processors = if worth > 1 {
        thread::available_parallelism().map_or(1, NonZero::get)
    } else {
        1
    };
    let mut done = thread::scope(|scope| {
        let others: Vec<_> = (1..processors.min(worth))
            .map(|_| scope.spawn(take))
            .collect();
        let mut done = take();
        for other in others {
            match other.join() {
                Ok(more) => done.extend(more),
                Err(panic) => panic::resume_unwind(panic),
            }
        }
        done
    });
    done.sort_unstable_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_stand_in_the_order_of_the_items() {
        let items: Vec<usize> = (0..1000).collect();
        for bytes in [0, WORTH_A_THREAD, 1000 * WORTH_A_THREAD] {
            let doubled = on_all_processors(&items, bytes, |item| item * 2);
            assert!(
                doubled
                    .iter()
                    .enumerate()
                    .all(|(index, double)| *double == index * 2)
            );
            assert!(on_all_processors(&[] as &[usize], bytes, |item| *item).is_empty());
        }
    }
}
