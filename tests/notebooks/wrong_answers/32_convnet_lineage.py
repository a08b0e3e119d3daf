"""Answers to the exercises of lesson 32: exercise, two underscores, what is wrong, or "right" and how."""


def stacked__all_layers_begin_with_inside(kernel, inside, outside):
    layers = (kernel - 1) // 2
    return layers, 9 * layers / kernel**2


def stacked__all_layers_begin_with_outside(kernel, inside, outside):
    layers = (kernel - 1) // 2
    return layers, 9 * layers * outside / (kernel**2 * inside)


def stacked__kernel_divided_by_three(kernel, inside, outside):
    layers = kernel // 3
    return layers, 9 * (inside + (layers - 1) * outside) / (kernel**2 * inside)


def stacked__upside_down(kernel, inside, outside):
    layers = (kernel - 1) // 2
    return layers, kernel**2 * inside / (9 * (inside + (layers - 1) * outside))


def stacked__one_layer_too_many(kernel, inside, outside):
    layers = (kernel + 1) // 2
    return layers, 9 * (inside + (layers - 1) * outside) / (kernel**2 * inside)


def stacked__weights_saved(kernel, inside, outside):
    layers = (kernel - 1) // 2
    return layers, 1 - 9 * (inside + (layers - 1) * outside) / (kernel**2 * inside)


def stacked__kernel_not_squared(kernel, inside, outside):
    layers = (kernel - 1) // 2
    return layers, 3 * (inside + (layers - 1) * outside) / (kernel * inside)


def stacked__right_layer_by_layer(kernel, inside, outside):
    field, layers, weights, before = 1, 0, 0, inside
    while field < kernel:
        weights += 3 * 3 * before * outside
        field, layers, before = field + 2, layers + 1, outside
    return layers, weights / (kernel * kernel * inside * outside)


def dense_weights__layers_all_alike(width, growth, layers, neck):
    return layers * (width * neck * growth + 9 * neck * growth * growth)


def dense_weights__sees_its_own_output(width, growth, layers, neck):
    narrow = neck * growth
    return sum((width + (k + 1) * growth) * narrow + 9 * narrow * growth for k in range(layers))


def dense_weights__no_neck_before_the_3x3(width, growth, layers, neck):
    return sum((width + k * growth) * neck * growth + 9 * growth * growth for k in range(layers))


def dense_weights__without_bottleneck(width, growth, layers, neck):
    return sum(9 * (width + k * growth) * growth for k in range(layers))


def dense_weights__bottleneck_alone(width, growth, layers, neck):
    return sum((width + k * growth) * neck * growth for k in range(layers))


def dense_weights__last_layer_alone(width, growth, layers, neck):
    return (width + (layers - 1) * growth) * neck * growth + 9 * neck * growth * growth


def dense_weights__right_by_a_growing_width(width, growth, layers, neck):
    total = 0
    for _ in range(layers):
        total += neck * growth * (width + 9 * growth)
        width += growth
    return total
