"""Rows of the operation table for spatial operations, normalisations within samples and attention."""

import numpy as np
from ops.operation_table import Row, distinct

ROWS = [
    Row("adaptive_avg_pool1d", lambda m, x: m.adaptive_avg_pool1d(x, 3), [((2, 1, 5),), ((2, 4),), ((0, 1, 3),)]),
    Row("adaptive_avg_pool2d", lambda m, x: m.adaptive_avg_pool2d(x, (2, 3)), [
        ((1, 2, 5, 4),), ((2, 3, 3),), ((1, 1, 1, 1),), ((0, 1, 2, 2),)]),
    Row("adaptive_avg_pool2d_global", lambda m, x: m.adaptive_avg_pool2d(x, 1), [((2, 1, 3, 2),)]),
    Row("adaptive_avg_pool2d_none", lambda m, x: m.adaptive_avg_pool2d(x, (None, 2)), [((1, 1, 2, 3),)]),
    Row("adaptive_max_pool1d", lambda m, x: m.adaptive_max_pool1d(x, 3), [((2, 1, 5),), ((1, 4),)], distinct),
    Row("adaptive_max_pool2d", lambda m, x: m.adaptive_max_pool2d(x, (2, 3)), [
        ((1, 2, 5, 4),), ((2, 3, 3),), ((1, 1, 1, 1),)], distinct),
    Row("max_pool1d", lambda m, x: m.max_pool1d(x, 3, 2, 1), [((2, 1, 5),), ((2, 4),)], distinct),
    Row("avg_pool1d", lambda m, x: m.avg_pool1d(x, 3, 2, 1, True, False), [((2, 1, 5),), ((2, 4),)]),
    Row("conv1d", lambda m, x, w, b: m.conv1d(x, w, b, 2, 1), [
        ((2, 2, 4), (1, 2, 3), (1,)), ((1, 4), (2, 1, 2), (2,)), ((0, 1, 3), (1, 1, 2), (1,))]),
    Row("conv1d_groups", lambda m, x, w: m.conv1d(x, w, padding="same", dilation=2, groups=2), [
        ((1, 2, 4), (2, 1, 3))]),
    Row("conv_transpose1d", lambda m, x, w, b: m.conv_transpose1d(x, w, b, 2, 1, 1), [((2, 2, 3), (2, 1, 3), (1,))]),
    Row("conv_transpose2d", lambda m, x, w, b: m.conv_transpose2d(x, w, b), [
        ((1, 2, 2, 3), (2, 1, 2, 3), (1,)), ((1, 2, 2), (1, 2, 2, 2), (2,)), ((0, 1, 2, 2), (1, 1, 2, 2), (1,))]),
    Row("conv_transpose2d_strided", lambda m, x, w: m.conv_transpose2d(x, w, None, (2, 3), 1, (1, 2), 2, 2), [
        ((1, 2, 2, 2), (2, 1, 2, 3))]),
    Row("unfold", lambda m, x: m.unfold(x, (2, 3), 1, 1, 2), [((1, 2, 4, 3),), ((1, 3, 3),), ((0, 1, 3, 3),)]),
    Row("unfold_dilated", lambda m, x: m.unfold(x, 2, dilation=2), [((1, 1, 4, 3),)]),
    Row("fold", lambda m, x: m.fold(x, (3, 4), 2, padding=(0, 1), stride=(1, 2)), [((2, 4, 6),), ((8, 6),)]),
    Row("interpolate_nearest", lambda m, x: m.interpolate(x, 5), [((1, 2, 3),), ((1, 1, 2, 3),), ((1, 1, 2, 1, 3),)]),
    Row("interpolate_exact", lambda m, x: m.interpolate(x, 3, mode="nearest-exact"), [((1, 1, 5, 2),)]),
    Row("interpolate_area", lambda m, x: m.interpolate(x, 3, mode="area"), [((1, 1, 5, 4),), ((1, 1, 2),)]),
    Row("interpolate_linear", lambda m, x: m.interpolate(x, scale_factor=1.7, mode="linear"), [((1, 2, 4),)]),
    Row("interpolate_bilinear", lambda m, x: m.interpolate(x, (3, 4), mode="bilinear"), [
        ((1, 1, 2, 5),), ((1, 1, 3, 4),), ((0, 1, 2, 2),)]),
    Row("interpolate_aligned", lambda m, x: m.interpolate(x, (3, 1), None, "bilinear", True), [((1, 1, 2, 5),)]),
    Row("interpolate_bicubic", lambda m, x: m.interpolate(x, (4, 3), mode="bicubic"), [((1, 1, 3, 5),)]),
    Row("interpolate_bicubic_aligned", lambda m, x: m.interpolate(x, 4, None, "bicubic", True), [((1, 1, 2, 3),)]),
    Row("interpolate_antialias", lambda m, x: m.interpolate(x, 2, mode="bilinear", antialias=True), [((1, 1, 5, 3),)]),
    Row("interpolate_trilinear", lambda m, x: m.interpolate(x, (2, 3, 1), mode="trilinear"), [((1, 1, 2, 2, 2),)]),
    Row("affine_grid", lambda m, t: m.affine_grid(t, (2, 1, 2, 3), align_corners=False), [((2, 2, 3),)]),
    Row("affine_grid_3d", lambda m, t: m.affine_grid(t, (1, 1, 2, 3, 2), align_corners=True), [((1, 3, 4),)]),
    *(
        Row(f"grid_sample_{mode}_{padding}_{corners}", lambda m, x, g, o=(mode, padding, corners): m.grid_sample(
            x, g, *o), [((1, 2, 3, 4), (1, 2, 2, 2))])
        for mode in ("bilinear", "nearest", "bicubic")
        for padding in ("zeros", "border", "reflection")
        for corners in (False, True)
    ),
    Row("grid_sample_volume", lambda m, x, g: m.grid_sample(x, g, align_corners=False), [
        ((1, 1, 2, 3, 2), (1, 1, 2, 2, 3))]),
    Row("layer_norm", lambda m, x, w, b: m.layer_norm(x, (2, 3), w, b), [((2, 2, 3), (2, 3), (2, 3))]),
    Row("layer_norm_plain", lambda m, x: m.layer_norm(x, (3,)), [((2, 3),), ((3,),), ((0, 3),)]),
    Row("rms_norm", lambda m, x, w: m.rms_norm(x, (3,), w), [((2, 3), (3,)), ((0, 3), (3,))]),
    Row("rms_norm_eps", lambda m, x: m.rms_norm(x, (2, 3), eps=0.1), [((1, 2, 3),)]),
    Row("group_norm", lambda m, x, w, b: m.group_norm(x, 2, w, b), [
        ((2, 4, 2), (4,), (4,)), ((2, 4), (4,), (4,)), ((1, 2, 2, 2), (2,), (2,))]),
    Row("group_norm_plain", lambda m, x: m.group_norm(x, 1), [((2, 3),), ((0, 2),)]),
    Row("batch_norm_relu", lambda m, x, w, b: m.batch_norm_relu(x, None, None, w, b, True), [
        ((2, 3, 2, 2), (3,), (3,)), ((3, 2), (2,), (2,)), ((1, 2, 5), (2,), (2,))]),
    Row("batch_norm_relu_plain", lambda m, x: m.batch_norm_relu(x, None, None, training=True), [((3, 2, 2),)]),
    Row("batch_norm_relu_eval", lambda m, x, w, b: m.batch_norm_relu(
        x, m.ones_like(w.detach()) / 4, m.ones_like(w.detach()) * 2, w, b), [
            ((2, 3, 2), (3,), (3,)), ((0, 2, 1, 1), (2,), (2,))]),
    Row("batch_norm_relu_frozen", lambda m, x: m.batch_norm_relu(
        x, m.ones_like(x[0].detach()) / 4, m.ones_like(x[0].detach())), [((3, 2),)]),
    Row("batch_norm_relu6", lambda m, x, w, b: m.batch_norm_relu6(x, None, None, w * 9, b, True), [
        ((2, 3, 2, 2), (3,), (3,)), ((1, 2, 5), (2,), (2,))]),
    Row("batch_norm_relu6_eval", lambda m, x, w, b: m.batch_norm_relu6(
        x, m.ones_like(w.detach()) / 4, m.ones_like(w.detach()) * 2, w * 9, b), [((2, 3, 2), (3,), (3,))]),
    Row("channel_scale", lambda m, x, gate: m.channel_scale(x, gate), [
        ((2, 3, 2, 2), (2, 3, 1, 1)), ((2, 1, 5), (2, 1)), ((0, 2, 3), (0, 2, 1)), ((2, 3), (2, 3))]),
    Row("channel_shuffle", lambda m, x: m.channel_shuffle(x, 3), [((2, 6, 2, 2),), ((1, 3, 1),), ((0, 3, 2),)]),
    Row("instance_norm", lambda m, x, w, b: m.instance_norm(x, None, None, w, b), [
        ((2, 2, 3), (2,), (2,)), ((1, 2, 2, 2), (2,), (2,))]),
    Row("local_response_norm", lambda m, x: m.local_response_norm(x, 3, 0.5, 0.75, 1.2), [
        ((1, 4, 2),), ((1, 2, 2, 1),)]),
    Row("attention", lambda m, q, k, v: m.scaled_dot_product_attention(q, k, v), [
        ((2, 3, 2), (2, 4, 2), (2, 4, 1)), ((2, 1, 2, 2), (2, 1, 3, 2), (2, 1, 3, 2)),
        ((2, 2, 2), (2, 2, 3, 2), (2, 2, 3, 2))]),
    Row("attention_causal", lambda m, q, k, v: m.scaled_dot_product_attention(q, k, v, is_causal=True, scale=0.3), [
        ((1, 3, 2), (1, 2, 2), (1, 2, 2))]),
    Row("attention_bias", lambda m, q, k, v, b: m.scaled_dot_product_attention(q, k, v, b), [
        ((2, 2, 2), (2, 3, 2), (2, 3, 2), (2, 3))]),
    Row("attention_groups", lambda m, q, k, v: m.scaled_dot_product_attention(q, k, v, enable_gqa=True), [
        ((1, 4, 2, 2), (1, 2, 2, 2), (1, 2, 2, 2))]),
]  # fmt: skip
CASES = [(row, sample) for row in ROWS for sample in row.samples]
IDS = [f"{row.name}{[np.shape(s) if isinstance(s, np.ndarray) else s for s in sample]}" for row, sample in CASES]
