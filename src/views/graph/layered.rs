//! Places vertices in layers, each after all it needs, with few crossings and short edges: the method of Sugiyama in its
//! simplest form. Whole numbers alone, so that the same graph gives the same picture everywhere.

/// How often the order within layers, and then the height of vertices, is made better.
const SWEEPS: usize = 6;

/// Vertices in layers. Beyond those asked for there are bends, one in each layer that an edge passes.
#[derive(Debug, Default)]
pub(super) struct Layered {
    /// The vertices of each layer from top to bottom.
    pub(super) layers: Vec<Vec<usize>>,
    /// The middle of each vertex.
    pub(super) middles: Vec<i32>,
    /// The vertices each edge goes along.
    pub(super) routes: Vec<Vec<usize>>,
    /// How high all is.
    pub(super) height: i32,
}

/// Places `count` vertices. An edge that would close a circle is left out; no template that deploys has one.
pub(super) fn place(count: usize, edges: &[(usize, usize)], vertex: i32, bend: i32) -> Layered {
    let layer_of = layers_of(count, edges);
    let depth = layer_of.iter().max().map_or(0, |last| last + 1);
    let mut placed = Layered {
        layers: vec![Vec::new(); depth],
        ..Layered::default()
    };
    for (index, layer) in layer_of.iter().enumerate() {
        placed.layers[*layer].push(index);
    }
    let mut vertices = count;
    for (from, to) in edges {
        if layer_of[*from] >= layer_of[*to] {
            continue;
        }
        let mut route = vec![*from];
        for layer in &mut placed.layers[layer_of[*from] + 1..layer_of[*to]] {
            layer.push(vertices);
            route.push(vertices);
            vertices += 1;
        }
        route.push(*to);
        placed.routes.push(route);
    }
    let neighbours = Neighbours::of(vertices, &placed.routes);
    order(&mut placed.layers, &neighbours, vertices);
    let sizes: Vec<i32> = (0..vertices)
        .map(|index| if index < count { vertex } else { bend })
        .collect();
    straighten(&mut placed, &neighbours, &sizes);
    placed
}

/// The vertices before and after each.
struct Neighbours {
    before: Vec<Vec<usize>>,
    after: Vec<Vec<usize>>,
}

impl Neighbours {
    fn of(vertices: usize, routes: &[Vec<usize>]) -> Self {
        let mut neighbours = Self {
            before: vec![Vec::new(); vertices],
            after: vec![Vec::new(); vertices],
        };
        for route in routes {
            for step in route.windows(2) {
                neighbours.after[step[0]].push(step[1]);
                neighbours.before[step[1]].push(step[0]);
            }
        }
        neighbours
    }
}

/// The layer of each vertex: one after the last it needs; what needs nothing stands right before what needs it.
fn layers_of(count: usize, edges: &[(usize, usize)]) -> Vec<usize> {
    let mut layers = vec![0_usize; count];
    let mut waiting = vec![0_usize; count];
    for (_, to) in edges {
        waiting[*to] += 1;
    }
    let needs_nothing: Vec<bool> = waiting.iter().map(|count| *count == 0).collect();
    let mut is_done = vec![false; count];
    for _ in 0..count {
        let open = |index: &usize| !is_done[*index];
        let ready = (0..count).find(|index| open(index) && waiting[*index] == 0);
        // Where none is ready there is a circle, which is opened at its first vertex.
        let Some(index) = ready.or_else(|| (0..count).find(open)) else {
            break;
        };
        is_done[index] = true;
        for (_, to) in edges.iter().filter(|(from, _)| *from == index) {
            if !is_done[*to] {
                layers[*to] = layers[*to].max(layers[index] + 1);
                waiting[*to] = waiting[*to].saturating_sub(1);
            }
        }
    }
    for index in (0..count).filter(|index| needs_nothing[*index]) {
        let first = edges
            .iter()
            .filter(|(from, _)| *from == index)
            .map(|(_, to)| layers[*to])
            .min();
        if let Some(first) = first {
            layers[index] = first.saturating_sub(1);
        }
    }
    layers
}

/// Puts each vertex near the middle of its neighbours, layer by layer, forth and back.
fn order(layers: &mut [Vec<usize>], neighbours: &Neighbours, vertices: usize) {
    let mut places = vec![0; vertices];
    for layer in layers.iter() {
        for (place, index) in layer.iter().enumerate() {
            places[*index] = place;
        }
    }
    for sweep in 0..SWEEPS {
        let forth = sweep % 2 == 0;
        let count = layers.len();
        for step in 0..count {
            let layer = &mut layers[if forth { step } else { count - 1 - step }];
            let side = if forth {
                &neighbours.before
            } else {
                &neighbours.after
            };
            // Thousandths, as the middle of whole numbers may lie between two.
            layer.sort_by_key(|index| {
                let near = &side[*index];
                if near.is_empty() {
                    places[*index] * 1_000
                } else {
                    near.iter()
                        .map(|other| places[*other] * 1_000)
                        .sum::<usize>()
                        / near.len()
                }
            });
            for (place, index) in layer.iter().enumerate() {
                places[*index] = place;
            }
        }
    }
}

/// Moves vertices up and down towards the middle of their neighbours, so that edges become straight.
fn straighten(placed: &mut Layered, neighbours: &Neighbours, sizes: &[i32]) {
    let mut middles = vec![0; sizes.len()];
    for layer in &placed.layers {
        let mut top = 0;
        for index in layer {
            middles[*index] = top + sizes[*index] / 2;
            top += sizes[*index];
        }
    }
    for _ in 0..SWEEPS {
        for layer in &placed.layers {
            let wanted: Vec<i32> = layer
                .iter()
                .map(|index| {
                    let near = neighbours.before[*index]
                        .iter()
                        .chain(&neighbours.after[*index]);
                    let near: Vec<i32> = near.map(|other| middles[*other]).collect();
                    match i32::try_from(near.len()) {
                        Ok(count) if count > 0 => near.iter().sum::<i32>() / count,
                        Ok(_) | Err(_) => middles[*index],
                    }
                })
                .collect();
            let apart = |one: usize, other: usize| (sizes[layer[one]] + sizes[layer[other]]) / 2;
            let mut down = wanted.clone();
            for place in 1..layer.len() {
                down[place] = down[place].max(down[place - 1] + apart(place - 1, place));
            }
            let mut up = wanted;
            for place in (1..layer.len()).rev() {
                up[place - 1] = up[place - 1].min(up[place] - apart(place - 1, place));
            }
            // Both keep what stands above and below apart, and so does the middle between them.
            for (place, index) in layer.iter().enumerate() {
                middles[*index] = (down[place] + up[place] + 1).div_euclid(2);
            }
        }
    }
    let top = |index: usize| middles[index] - sizes[index] / 2;
    let first = (0..sizes.len()).map(top).min().unwrap_or(0);
    let last = (0..sizes.len())
        .map(|index| top(index) + sizes[index])
        .max();
    placed.height = last.unwrap_or(0) - first;
    for middle in &mut middles {
        *middle -= first;
    }
    placed.middles = middles;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_vertex_stands_after_what_it_needs_and_beside_nothing_else() {
        let edges = [
            (0, 1),
            (1, 2),
            (0, 2),
            (3, 2),
            (4, 1),
            (0, 5),
            (5, 6),
            (2, 6),
        ];
        let placed = place(7, &edges, 50, 16);
        let layer = |vertex: usize| {
            let is_in = |layer: &Vec<usize>| layer.contains(&vertex);
            placed.layers.iter().position(is_in).expect("it is placed")
        };
        for (from, to) in edges {
            assert!(layer(from) < layer(to), "{from} before {to}");
        }
        assert_eq!(layer(3), layer(2) - 1, "what needs nothing stands near");
        for layer in &placed.layers {
            for pair in layer.windows(2) {
                let size = |vertex: usize| if vertex < 7 { 50 } else { 16 };
                let apart = placed.middles[pair[1]] - placed.middles[pair[0]];
                assert!(
                    apart >= (size(pair[0]) + size(pair[1])) / 2 - 1,
                    "{placed:?}"
                );
            }
        }
        for route in &placed.routes {
            for step in route.windows(2) {
                assert_eq!(layer(step[0]) + 1, layer(step[1]));
            }
        }
    }

    #[test]
    fn a_circle_does_no_harm() {
        let placed = place(3, &[(0, 1), (1, 2), (2, 0)], 50, 16);
        assert_eq!(placed.layers.concat().len(), 3);
        assert_eq!(placed.routes.len(), 2);
    }
}
