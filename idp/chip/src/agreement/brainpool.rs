//! brainpoolP320r1 and brainpoolP512r1 (RFC 5639 §3.5, §3.7), which no crate has: their parameters on the constant-time
//! field and point arithmetic that p256, bp256 and the others stand on (complete formulas, Montgomery fields).

/// One curve in a module of its own. The generators of the fields need only be no squares here: square roots by the
/// general method alone read them, and nothing calls that. p and n are written as long as the integer that holds them.
macro_rules! curve {
    (
        $module:ident, $uint:ident, $size:ident, $doc:literal,
        p: $p:literal, $p_generator:literal, n: $n:literal, $n_generator:literal,
        a: $a:literal, b: $b:literal, x: $x:literal, y: $y:literal
    ) => {
        pub(super) mod $module {
            use elliptic_curve::bigint::{Odd, $uint};
            use elliptic_curve::consts::$size;
            use elliptic_curve::ff::PrimeField;
            use elliptic_curve::hazmat::FieldArithmetic;
            use elliptic_curve::ops::{BatchInvert, Reduce};
            use elliptic_curve::scalar::{FromUintUnchecked, IsHigh};
            use elliptic_curve::subtle::{Choice, ConstantTimeEq, ConstantTimeGreater, CtOption};
            use elliptic_curve::{CurveArithmetic, FieldBytes, PrimeCurveArithmetic};
            use primefield::MontyFieldElement;
            use primeorder::{PrimeCurveParams, mul_backend, point_arithmetic, wnaf};

            const ORDER: Odd<$uint> = Odd::<$uint>::from_be_hex($n);

            #[doc = $doc]
            #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
            pub struct Curve;

            primefield::monty_field_params! {
                name: FieldParams,
                modulus: $p,
                uint: $uint,
                byte_order: primefield::ByteOrder::BigEndian,
                multiplicative_generator: $p_generator,
                doc: "Montgomery parameters of the field"
            }
            primefield::monty_field_element! {
                name: FieldElement, params: FieldParams, uint: $uint, doc: "Element of the field"
            }
            primefield::monty_field_arithmetic! { name: FieldElement, params: FieldParams, uint: $uint }
            impl BatchInvert for FieldElement {}

            mod order {
                use super::*;

                primefield::monty_field_params! {
                    name: ScalarParams,
                    modulus: $n,
                    uint: $uint,
                    byte_order: primefield::ByteOrder::BigEndian,
                    multiplicative_generator: $n_generator,
                    doc: "Montgomery parameters of the order"
                }
                primefield::monty_field_element! {
                    name: Scalar, params: ScalarParams, uint: $uint, doc: "Number modulo the order"
                }
                primefield::monty_field_arithmetic! { name: Scalar, params: ScalarParams, uint: $uint }
                elliptic_curve::scalar_impls!(Curve, Scalar);
                wnaf::impl_wnaf_size_for_scalar!(Scalar);

                impl Reduce<$uint> for Scalar {
                    fn reduce(number: &$uint) -> Self {
                        Self(MontyFieldElement::<ScalarParams, { ScalarParams::LIMBS }>::reduce(number))
                    }
                }

                impl Reduce<FieldBytes<Curve>> for Scalar {
                    fn reduce(octets: &FieldBytes<Curve>) -> Self {
                        let mut whole = [0; $uint::BYTES];
                        whole.iter_mut().rev().zip(octets.iter().rev()).for_each(|(to, from)| *to = *from);
                        Self::reduce(&$uint::from_be_slice(&whole))
                    }
                }

                impl AsRef<Self> for Scalar {
                    fn as_ref(&self) -> &Self {
                        self
                    }
                }

                impl FromUintUnchecked for Scalar {
                    type Uint = $uint;

                    fn from_uint_unchecked(uint: Self::Uint) -> Self {
                        Self::from_uint_unchecked(uint)
                    }
                }

                impl IsHigh for Scalar {
                    fn is_high(&self) -> Choice {
                        const HALF: $uint = ORDER.as_ref().shr_vartime(1);
                        self.to_canonical().ct_gt(&HALF)
                    }
                }
            }

            impl elliptic_curve::Curve for Curve {
                type FieldBytesSize = $size;
                type Uint = $uint;
                const ORDER: Odd<$uint> = ORDER;
            }

            impl elliptic_curve::PrimeCurve for Curve {}

            impl elliptic_curve::point::PointCompression for Curve {
                const COMPRESS_POINTS: bool = false;
            }

            impl CurveArithmetic for Curve {
                type AffinePoint = primeorder::AffinePoint<Self>;
                type ProjectivePoint = primeorder::ProjectivePoint<Self>;
                type Scalar = order::Scalar;
            }

            impl FieldArithmetic for Curve {
                type FieldElement = FieldElement;
            }

            impl PrimeCurveArithmetic for Curve {
                type CurveGroup = primeorder::ProjectivePoint<Self>;
            }

            impl PrimeCurveParams for Curve {
                type PointArithmetic = point_arithmetic::EquationAIsGeneric;
                type Backend = mul_backend::VariableOnly;

                const EQUATION_A: FieldElement = FieldElement::from_hex_vartime($a);
                const EQUATION_B: FieldElement = FieldElement::from_hex_vartime($b);
                const GENERATOR: (FieldElement, FieldElement) =
                    (FieldElement::from_hex_vartime($x), FieldElement::from_hex_vartime($y));
            }
        }
    };
}

curve!(
    p320, U384, U40, "brainpoolP320r1",
    p: "0000000000000000d35e472036bc4fb7e13c785ed201e065f98fcfa6f6f40def4f92b9ec7893ec28fcd412b1f1b32e27", 5,
    n: "0000000000000000d35e472036bc4fb7e13c785ed201e065f98fcfa5b68f12a32d482ec7ee8658e98691555b44c59311", 3,
    a: "3ee30b568fbab0f883ccebd46d3f3bb8a2a73513f5eb79da66190eb085ffa9f492f375a97d860eb4",
    b: "520883949dfdbc42d3ad198640688a6fe13f41349554b49acc31dccd884539816f5eb4ac8fb1f1a6",
    x: "43bd7e9afb53d8b85289bcc48ee5bfe6f20137d10a087eb6e7871e2a10a599c710af8d0d39e20611",
    y: "14fdd05545ec1cc8ab4093247f77275e0743ffed117182eaa9c77877aaac6ac7d35245d1692e8ee1"
);

curve!(
    p512, U512, U64, "brainpoolP512r1",
    p: "aadd9db8dbe9c48b3fd4e6ae33c9fc07cb308db3b3c9d20ed6639cca703308717d4d9b009bc66842aecda12ae6a380e62881ff2f2d82c68528aa6056583a48f3", 2,
    n: "aadd9db8dbe9c48b3fd4e6ae33c9fc07cb308db3b3c9d20ed6639cca70330870553e5c414ca92619418661197fac10471db1d381085ddaddb58796829ca90069", 7,
    a: "7830a3318b603b89e2327145ac234cc594cbdd8d3df91610a83441caea9863bc2ded5d5aa8253aa10a2ef1c98b9ac8b57f1117a72bf2c7b9e7c1ac4d77fc94ca",
    b: "3df91610a83441caea9863bc2ded5d5aa8253aa10a2ef1c98b9ac8b57f1117a72bf2c7b9e7c1ac4d77fc94cadc083e67984050b75ebae5dd2809bd638016f723",
    x: "81aee4bdd82ed9645a21322e9c4c6a9385ed9f70b5d916c1b43b62eef4d0098eff3b1f78e2d0d48d50d1687b93b97d5f7c6d5047406a5e688b352209bcb9f822",
    y: "7dde385d566332ecc0eabfa9cf7822fdf209f70024a57b1aa000c55b881f8111b2dcde494a5f485e5bca4bd88a2763aed1ca2b2fa8f0540678cd1e0f3ad80892"
);
