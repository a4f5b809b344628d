"""The operations of networks, under PyTorch's names; they are defined in `minitorch.ops`."""

from minitorch.ops import (
    adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_max_pool1d, adaptive_max_pool2d, affine_grid, avg_pool1d,
    avg_pool2d, batch_norm, batch_norm_relu, batch_norm_relu6, binary_cross_entropy, binary_cross_entropy_with_logits,
    celu, channel_scale, channel_shuffle, conv1d, conv2d, conv2d_relu_max_pool2d, conv_transpose1d, conv_transpose2d,
    cosine_embedding_loss, cosine_similarity, cross_entropy, dropout, dropout1d, dropout2d, elu, embedding, fold,
    gelu, glu, grid_sample, group_norm, hardsigmoid, hardswish, hardtanh, hinge_embedding_loss, huber_loss,
    instance_norm, interpolate, kl_div, l1_loss, layer_norm, leaky_relu, linear, local_response_norm, log_softmax,
    logsigmoid, margin_ranking_loss, max_pool1d, max_pool2d, mish, mse_loss, multi_head_attention_forward, nll_loss,
    normalize, one_hot, pad, pairwise_distance, pixel_shuffle, pixel_unshuffle, prelu, relu, relu6, rms_norm,
    scaled_dot_product_attention, selu, sigmoid, silu, smooth_l1_loss, softmax, softmin, softplus, softsign,
    stochastic_depth, tanh, tanhshrink, threshold, triplet_margin_loss, unfold, upsample,
    upsample_bilinear, upsample_nearest,
)

__all__ = [name for name in globals() if not name.startswith("_")]
