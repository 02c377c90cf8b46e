// What operators do to the shape and the dtype of their first tensor, for those whose types follow from one rule.
// Operators of more than one rule are written by hand in src/tensor/typed-*.ts.

const words = text => text.trim().split(/\s+/)

/** The shape stays, the dtype as well. */
const SAME = words(`
  positive negative ceil floor round trunc fix frac sign sgn roll flip fliplr flipud tril triu relu6 elu celu selu gelu
  silu mish hardtanh hardswish hardsigmoid leaky_relu log_sigmoid prelu rrelu softplus softshrink hardshrink threshold
  dropout alpha_dropout feature_dropout feature_alpha_dropout nan_to_num bernoulli index_fill index_add index_copy
  index_put scatter scatter_add scatter_reduce index_reduce diagonal_scatter select_scatter slice_scatter renorm resolve_conj
  resolve_neg conj conj_physical fill bitwise_not layer_norm group_norm instance_norm batch_norm rms_norm
  channel_shuffle native_channel_shuffle matrix_exp zero alias fft_fftshift fft_ifftshift linalg_inv linalg_matrix_exp
  linalg_matrix_power matrix_power inverse linalg_cholesky cholesky cholesky_inverse`)

/** The shape stays; integers and bool become float32. */
const FLOAT = words(`
  acos acosh asin asinh atan atanh arccos arccosh arcsin arcsinh arctan arctanh cosh sinh tan erf erfc erfinv exp2 expm1
  log10 log1p log2 lgamma digamma i0 sinc logit deg2rad rad2deg mvlgamma
  special_airy_ai special_bessel_j0 special_bessel_j1 special_bessel_y0 special_bessel_y1 special_digamma special_entr
  special_erf special_erfc special_erfcx special_erfinv special_exp2 special_expit special_expm1 special_gammaln
  special_i0 special_i0e special_i1 special_i1e special_log1p special_log_ndtr special_logit special_modified_bessel_i0
  special_modified_bessel_i1 special_modified_bessel_k0 special_modified_bessel_k1 special_multigammaln special_ndtr
  special_ndtri special_psi special_scaled_modified_bessel_k0 special_scaled_modified_bessel_k1 special_sinc
  special_spherical_bessel_j0`)

/** The shape stays, the result is bool. */
const BOOL = words('isnan isinf isfinite isneginf isposinf isreal signbit logical_not isin')

/** The dtypes of positions, by operator; both where it is none of these. */
const INT64 = new Set(words('index_fill index_fill_ index_copy index_copy_ put put_'))
const INDEXED = /^(index_(fill|add|copy|reduce)|scatter|scatter_(add|reduce)|put|embedding)_?$/

/** The type of a tensor of positions, where a parameter is one. */
export function indexType(operator, parameter) {
  if (!INDEXED.test(operator) || !/^(index|indices)$/.test(parameter)) return undefined
  return INT64.has(operator) ? "Tensor<any, 'int64'>" : "Tensor<any, 'int64' | 'int32'>"
}

/** Two sides, broadcast; the dtype is that of both. */
const BINARY = words(`
  maximum minimum fmax fmin remainder fmod bitwise_and bitwise_or bitwise_xor bitwise_left_shift bitwise_right_shift
  floor_divide multiply subtract lcm gcd hypot nextafter heaviside logaddexp logaddexp2`)

/** The same; integers and bool become float32. */
const BINARY_FLOAT = words(
  'atan2 arctan2 true_divide xlogy copysign special_xlogy special_xlog1py special_zeta igamma igammac special_gammainc special_gammaincc',
)

/** Whether something holds for two sides, broadcast. */
const COMPARE = words('greater greater_equal less less_equal not_equal logical_and logical_or logical_xor ')

/** In place, and another shape or dtype than before. */
const RESHAPES_IN_PLACE =
  /^(squeeze_|unsqueeze_|t_|transpose_|swapaxes_|swapdims_|resize_|resize_as_|resize_as_sparse_|set_|as_strided_|sparse_\w+)$/

/** The rules by operator. */
export const KINDS = new Map()
for (const [kind, names] of Object.entries({ SAME, FLOAT, BOOL, BINARY, BINARY_FLOAT, COMPARE })) {
  for (const name of names) KINDS.set(name, kind)
}

/** The rule of an operator, by its name in the schemas: `SAME`, `FLOAT`, ..., `IN_PLACE`, or none. */
export function ruleOf(name) {
  const known = KINDS.get(name)
  if (known !== undefined) return known
  if (!name.endsWith('_') || RESHAPES_IN_PLACE.test(name)) return undefined
  return KINDS.get(name.slice(0, -1)) === 'BINARY' ? 'BINARY_IN_PLACE' : 'IN_PLACE'
}

/** The result, of a tensor `Tensor<S, D>`. */
export const RESULTS = {
  SAME: 'Tensor<S, D>',
  IN_PLACE: 'Tensor<S, D>',
  FLOAT: 'Tensor<S, FloatDType<D>>',
  BOOL: "Tensor<S, 'bool'>",
}

const SIDES = {
  BINARY: (what, operand) => [`O & OperandCheck<${what}, S, O>`, `Elementwise<${what}, S, D, O>`, operand],
  BINARY_FLOAT: (what, operand) => [
    `O & OperandCheck<${what}, S, O>`,
    `Combined<${what}, S, O, FloatDType<OperandDType<S, D, O>>>`,
    operand,
  ],
  COMPARE: (what, operand) => [`O & OperandCheck<${what}, S, O>`, `Comparison<${what}, S, O>`, operand],
  BINARY_IN_PLACE: (what, operand) => [`O & InPlaceCheck<${what}, S, D, O>`, 'Tensor<S, D>', operand],
}

export const isTwoSided = rule => rule in SIDES

/** The one signature of an operator of two sides, or none. `options` is the type of what may be given by name. */
export function twoSided(rule, js, { name, first, takesScalars, options }) {
  const sides = SIDES[rule]
  if (sides === undefined) return undefined
  const [type, result, operand] = sides(`'${js}'`, takesScalars ? 'Operand' : 'Tensor')
  const parameters = [`${first}: Tensor<S, D>`, `${name}: ${type}`, ...(options ? [`options?: ${options}`] : [])]
  return `<S extends Shape, D extends DType, const O extends ${operand}>(${parameters.join(', ')}): ${result}`
}
