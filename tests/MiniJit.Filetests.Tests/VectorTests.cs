// Every operation on vectors and on 128-bit integers that a backend compiles, against the interpreter: for each level of x86-64's vector extensions,
// and for AArch64 on the simulated machine. Lanes are drawn from the values at which operations change their mind; NaN results only have to be NaN.
using System;
using System.Text;
using MiniJit.Backend.Arm64;
using MiniJit.Backend.X64;
using MiniJit.Codegen;
using MiniJit.Codegen.Settings;
using MiniJit.Filetests.Engines;
using MiniJit.Filetests.Subtests;
using MiniJit.IR;
using MiniJit.IR.Interpretation;
using Xunit;

namespace MiniJit.Filetests.Tests;

public sealed class VectorTests
{
    private const int Rounds = 30;
    private const X64Features Ssse3 = X64Features.Sse3 | X64Features.Ssse3, Sse42 = Ssse3 | X64Features.Sse41 | X64Features.Sse42;

    private const string Ints = "i8x16 i16x8 i32x4 i64x2 i8x8 i16x4 i32x2 i8x4 i16x2 i8x2", Floats = "f32x4 f64x2 f32x2";

    /// <summary>Types: operand (T), half as wide lanes (N), twice as wide (W), lane (L), integers of the lanes' width (I).</summary>
    private static readonly (string Types, string Results, string Parameters, string Body)[] s_operations =
    [
        ("ints", "T", "T T", "iadd v0, v1|isub v0, v1|imul v0, v1|band v0, v1|bor v0, v1|bxor v0, v1|avg_round v0, v1"),
        ("ints", "T", "T T", "smin v0, v1|smax v0, v1|umin v0, v1|umax v0, v1"),
        ("ints", "T", "T", "ineg v0|iabs v0|bnot v0|popcnt v0"),
        ("ints", "T", "T T T", "bitselect v0, v1, v2"),
        ("ints", "T", "T T i8", "select v2, v0, v1"),
        ("ints", "T", "T T", "icmp eq v0, v1|icmp ne v0, v1|icmp slt v0, v1|icmp sle v0, v1|icmp sgt v0, v1|icmp sge v0, v1"),
        ("ints", "T", "T T", "icmp ult v0, v1|icmp ule v0, v1|icmp ugt v0, v1|icmp uge v0, v1"),
        ("ints", "T", "T i32", "ishl v0, v1|ushr v0, v1|sshr v0, v1"),
        ("ints", "T", "T i128", "ishl v0, v1|sshr v0, v1"),
        ("ints", "T", "T i8", "v3 = iconst.i8 5; ishl v0, v3|v3 = iconst.i8 5; ushr v0, v3|v3 = iconst.i8 5; sshr v0, v3|v3 = iconst.i8 0; sshr v0, v3"),
        ("ints", "i8", "T", "vany_true v0|vall_true v0"),
        ("ints floats", "i16", "T", "vhigh_bits.i16 v0"),
        ("ints floats", "T", "L", "splat.T v0|scalar_to_vector.T v0"),
        ("ints floats", "L", "T", "extractlane v0, 0|extractlane v0, 1"),
        ("ints floats", "T", "T L", "insertlane v0, v1, 0|insertlane v0, v1, 1"),
        ("i8x16 i16x8 i8x8 i16x4", "T", "T T", "uadd_sat v0, v1|sadd_sat v0, v1|usub_sat v0, v1|ssub_sat v0, v1"),
        ("i16x8 i16x4", "T", "T T", "sqmul_round_sat v0, v1|umulhi v0, v1|smulhi v0, v1"),
        ("i8x16 i16x8 i32x4 i8x8 i16x4 i32x2 i8x4", "T", "T T", "iadd_pairwise v0, v1"),
        ("i8x16 i16x8 i32x4 i8x8 i16x4 i8x4", "W", "T", "swiden_low v0|swiden_high v0|uwiden_low v0|uwiden_high v0"),
        ("i16x8 i32x4 i64x2 i16x4 i32x2 i16x2", "N", "T T", "snarrow v0, v1|unarrow v0, v1|uunarrow v0, v1"),
        ("i8x16", "L", "T", "extractlane v0, 7|extractlane v0, 15"),
        ("i8x16", "T", "T L", "insertlane v0, v1, 7|insertlane v0, v1, 15"),
        ("f32x4", "L", "T", "extractlane v0, 2|extractlane v0, 3"),
        ("f32x4", "T", "T L", "insertlane v0, v1, 2|insertlane v0, v1, 3"),
        ("i8x16", "T", "T T", "swizzle v0, v1|v3 = vconst.i8x16 [0 1 2 15 16 17 128 255 9 8 7 6 5 4 3 2]; swizzle v0, v3"),
        ("i8x16", "T", "T T", "shuffle v0, v1, [0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15]|shuffle v0, v1, [16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31]"),
        ("i8x16", "T", "T T", "shuffle v0, v1, [0 16 1 17 2 18 3 19 4 20 5 21 6 22 7 23]|shuffle v0, v1, [24 25 8 9 26 27 10 11 28 29 12 13 30 31 14 15]"),
        ("i8x16", "T", "T T", "shuffle v0, v1, [3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18]|shuffle v0, v1, [20 21 22 23 24 25 26 27 28 29 30 31 0 1 2 3]"),
        ("i8x16", "T", "T T", "shuffle v0, v1, [0 1 18 19 4 5 6 7 24 25 10 11 28 29 30 31]|shuffle v0, v0, [5 6 7 8 9 10 11 12 13 14 31 0 1 2 3 4]"),
        ("i8x16", "T", "T T", "shuffle v0, v1, [4 5 6 7 0 1 2 3 28 29 30 31 20 21 22 23]|shuffle v0, v1, [12 13 14 15 8 9 10 11 4 5 6 7 0 1 2 3]"),
        ("i8x16", "T", "T T", "shuffle v0, v1, [31 0 30 1 29 2 28 3 27 4 26 5 25 6 24 7]|shuffle v1, v0, [7 7 7 7 1 1 1 1 15 14 13 12 0 0 0 0]"),
        ("i32x4", "f32x4", "T", "fcvt_from_sint.f32x4 v0|fcvt_from_uint.f32x4 v0"),
        ("i64x2", "f64x2", "T", "fcvt_from_sint.f64x2 v0|fcvt_from_uint.f64x2 v0"),
        ("i32x4", "f64x2", "T", "v3 = swiden_low v0; fcvt_from_sint.f64x2 v3|v3 = uwiden_low v0; fcvt_from_uint.f64x2 v3"),
        ("i32x4", "i64x2", "T T", "v3 = swiden_low v0; v4 = swiden_high v1; imul v3, v4|v3 = uwiden_low v0; v4 = uwiden_low v1; imul v3, v4"),
        ("i16x8", "i32x4", "T T", "v3 = swiden_low v0; v4 = swiden_low v1; imul v3, v4|v3 = uwiden_high v0; v4 = uwiden_high v1; imul v3, v4"),
        ("i16x8", "i32x4", "T T", "v3 = swiden_high v0; v4 = swiden_high v1; imul v3, v4|v3 = uwiden_low v0; v4 = uwiden_low v1; imul v3, v4"),
        ("i16x8", "i32x4", "T T", "v3 = swiden_low v0; v4 = swiden_low v1; v5 = imul v3, v4; v6 = swiden_high v0; v7 = swiden_high v1; v8 = imul v6, v7; iadd_pairwise v5, v8"),
        ("i8x16 i16x8", "W", "T", "v3 = swiden_low v0; v4 = swiden_high v0; iadd_pairwise v3, v4|v3 = uwiden_low v0; v4 = uwiden_high v0; iadd_pairwise v3, v4"),
        ("ints", "T", "T T", "v3 = icmp sgt v0, v1; bitselect v3, v0, v1|v3 = icmp ult v0, v1; bitselect v3, v0, v1"),
        ("f32x4", "T", "T T", "v3 = fcmp lt v0, v1; v4 = bitcast.T little v3; bitselect v4, v0, v1|v3 = fcmp lt v0, v1; v4 = bitcast.T little v3; bitselect v4, v1, v0"),
        ("f64x2", "T", "T T", "v3 = fcmp gt v0, v1; v4 = bitcast.T little v3; bitselect v4, v0, v1|v3 = fcmp gt v0, v1; v4 = bitcast.T little v3; bitselect v4, v1, v0"),
        ("f64x2", "T", "T T", "v3 = fcmp ge v0, v1; v4 = bitcast.T little v3; bitselect v4, v0, v1"),
        ("floats", "I", "T", "fcvt_to_sint_sat.I v0|fcvt_to_uint_sat.I v0"),
        ("floats", "T", "T T", "fadd v0, v1|fsub v0, v1|fmul v0, v1|fdiv v0, v1|fmin v0, v1|fmax v0, v1|fcopysign v0, v1|band v0, v1|bor v0, v1|bxor v0, v1"),
        ("floats", "T", "T", "sqrt v0|fneg v0|fabs v0|bnot v0|ceil v0|floor v0|trunc v0|nearest v0"),
        ("floats", "T", "T T T", "fma v0, v1, v2|bitselect v0, v1, v2|v3 = fneg v0; fma v3, v1, v2"),
        ("floats", "I", "T T", "fcmp eq v0, v1|fcmp ne v0, v1|fcmp lt v0, v1|fcmp le v0, v1|fcmp gt v0, v1|fcmp ge v0, v1|fcmp ord v0, v1"),
        ("floats", "I", "T T", "fcmp uno v0, v1|fcmp one v0, v1|fcmp ueq v0, v1|fcmp ult v0, v1|fcmp ule v0, v1|fcmp ugt v0, v1|fcmp uge v0, v1"),
        ("f32x4", "f64x2", "T", "fvpromote_low v0"),
        ("f64x2", "f32x4", "T", "fvdemote v0"),
        ("i8x16 i64x2 f32x4", "i128", "T", "bitcast.i128 little v0"),
        ("i8x16 i64x2 f32x4", "T", "i128", "bitcast.T little v0"),
        ("i8x8 f32x2", "i64", "T", "bitcast.i64 little v0"),
        ("i16x2", "T", "f32", "bitcast.T little v0"),
        ("i8x2", "i16", "T", "bitcast.i16 little v0"),
        ("f16", "T", "T T i8", "select v2, v0, v1"),
        ("ints", "T", "T T", "v3 = bnot v0; band v1, v3|v3 = iconst.L 3; v4 = splat.T v3; iadd v4, v0"),
        ("i8x16 i64x2", "T", "T", "v3 = bitcast.f64x2 little v0; v4 = fneg v3; bitcast.T little v4"),
        ("ints", "i8", "T", "v3 = vany_true v0; v4 = iconst.i8 7; v5 = iconst.i8 9; select v3, v4, v5|v3 = vall_true v0; v4 = iconst.i8 7; v5 = iconst.i8 9; select v3, v4, v5"),
        ("i8x16 i16x8 i32x4", "W", "T T", "v3 = swiden_low v0; v4 = swiden_low v1; iadd v3, v4|v3 = uwiden_high v0; v4 = uwiden_high v1; isub v3, v4"),
        ("i8x16 i16x8 i32x4", "W", "T T", "v3 = swiden_low v0; v4 = swiden_high v1; iadd v3, v4|v3 = uwiden_low v0; v4 = swiden_low v1; isub v3, v4"),
        ("i8x16 i16x8 i32x4", "W", "T W", "v3 = uwiden_low v0; iadd v3, v1|v3 = swiden_high v0; isub v1, v3|v3 = swiden_high v0; isub v3, v1"),
        ("i16x8 i32x4", "W", "T T W", "v3 = swiden_low v0; v4 = swiden_low v1; v5 = imul v3, v4; iadd v2, v5|v3 = uwiden_high v0; v4 = uwiden_high v1; v5 = imul v3, v4; isub v2, v5"),
        ("ints", "T", "T T T", "v3 = imul v0, v1; iadd v3, v2|v3 = imul v0, v1; isub v2, v3|v3 = imul v0, v1; isub v3, v2"),
        ("ints", "T", "T T", "v3 = iconst.i8 3; v4 = ushr v1, v3; iadd v0, v4|v3 = iconst.i8 5; v4 = sshr v0, v3; iadd v4, v1|v3 = iconst.i8 0; v4 = sshr v0, v3; iadd v4, v1"),
        ("ints", "T", "T", "v3 = iconst.L 16; v4 = splat.T v3; bor v0, v4|v3 = iconst.L -17; v4 = splat.T v3; band v0, v4|v3 = iconst.L -1; v4 = splat.T v3; bxor v0, v4"),
        ("ints", "T", "T", "v3 = iconst.L 0; v4 = splat.T v3; icmp slt v0, v4|v3 = iconst.L 0; v4 = splat.T v3; icmp sge v4, v0|v3 = iconst.L 0; v4 = splat.T v3; icmp ne v0, v4"),
        ("ints", "T", "T", "v3 = iconst.L 0; v4 = splat.T v3; icmp ugt v0, v4|v3 = iconst.L 0; v4 = splat.T v3; icmp ule v0, v4|v3 = iconst.L 0; v4 = splat.T v3; icmp ult v0, v4"),
        ("ints", "T", "T T", "v3 = iconst.L 0; v4 = splat.T v3; v5 = band v0, v1; icmp ne v5, v4|v3 = iconst.L 0; v4 = splat.T v3; v5 = band v0, v1; icmp eq v4, v5|v3 = bnot v1; bor v0, v3"),
        ("i8x16 i16x8 i32x4 i16x4", "i64", "T", "v3 = extractlane v0, 1; sextend.i64 v3|v3 = extractlane v0, 0; uextend.i64 v3|v3 = extractlane v0, 0; sextend.i64 v3"),
        ("i8x16 i32x4 i16x4", "T", "T T", "v3 = extractlane v1, 3; insertlane v0, v3, 2|v3 = extractlane v1, 2; splat.T v3|v3 = iconst.L 0; insertlane v0, v3, 1"),
        ("floats", "T", "T L", "v3 = splat.T v1; fmul v0, v3|v3 = splat.T v1; fma v3, v0, v0|v3 = splat.T v1; v4 = fneg v3; fma v0, v4, v0"),
        ("floats", "T", "T T T", "v3 = extractlane v1, 1; v4 = splat.T v3; fmul v4, v0|v3 = extractlane v1, 1; v4 = splat.T v3; fma v0, v4, v2"),
        ("floats", "I", "T", "v3 = bxor v0, v0; fcmp lt v0, v3|v3 = bxor v0, v0; fcmp uge v0, v3|v3 = bxor v0, v0; fcmp one v3, v0"),
        ("i8x16", "T", "T T", "shuffle v0, v1, [0 2 4 6 8 10 12 14 16 18 20 22 24 26 28 30]|shuffle v0, v1, [2 3 6 7 10 11 14 15 18 19 22 23 26 27 30 31]"),
        ("i8x16", "T", "T T", "shuffle v0, v1, [0 1 2 3 16 17 18 19 8 9 10 11 24 25 26 27]|shuffle v0, v1, [1 17 3 19 5 21 7 23 9 25 11 27 13 29 15 31]"),
        ("i8x16", "T", "T T", "shuffle v0, v0, [7 6 5 4 3 2 1 0 15 14 13 12 11 10 9 8]|shuffle v0, v0, [2 3 0 1 6 7 4 5 10 11 8 9 14 15 12 13]|shuffle v1, v1, [4 5 4 5 4 5 4 5 4 5 4 5 4 5 4 5]"),
        ("i8x16", "T", "T T", "shuffle v0, v1, [0 1 2 3 4 5 6 7 8 9 30 31 12 13 14 15]|shuffle v1, v0, [0 1 2 3 20 21 22 23 8 9 10 11 12 13 14 15]|shuffle v0, v0, [0 1 2 3 4 5 6 2 8 9 10 11 12 13 14 15]"),
        ("i64", "i128", "T T", "iconcat v0, v1|v3 = uextend.i128 v0; v4 = uextend.i128 v1; imul v3, v4|v3 = sextend.i128 v0; v4 = sextend.i128 v1; imul v3, v4"),
        ("i8 i32 i64", "i128", "T i128", "v3 = uextend.i128 v0; iadd v3, v1|v3 = uextend.i128 v0; isub v1, v3|sextend.i128 v0|bmask.i128 v0"),
        ("i128", "T", "T T", "iadd v0, v1|isub v0, v1|imul v0, v1|band v0, v1|bor v0, v1|bxor v0, v1|v3 = bnot v0; band v3, v1|v3 = bnot v1; bxor v0, v3"),
        ("i128", "T", "T", "ineg v0|iabs v0|bnot v0|popcnt v0|clz v0|ctz v0|cls v0|bswap v0|bitrev v0|bmask.T v0"),
        ("i128", "T", "T T T", "bitselect v0, v1, v2|select v0, v1, v2|v3 = icmp slt v0, v1; select v3, v1, v2"),
        ("i128", "i8", "T T", "icmp eq v0, v1|icmp ne v0, v1|icmp slt v0, v1|icmp sle v0, v1|icmp sgt v0, v1|icmp sge v0, v1"),
        ("i128", "i8", "T T", "icmp ult v0, v1|icmp ule v0, v1|icmp ugt v0, v1|icmp uge v0, v1|ireduce.i8 v0|v3, v4 = isplit v1; ireduce.i8 v4"),
        ("i128", "i8", "T T", "v3, v4 = uadd_overflow v0, v1; bnot v4|v3, v4 = sadd_overflow v0, v1; bnot v4|v3, v4 = usub_overflow v0, v1; bnot v4|v3, v4 = ssub_overflow v0, v1; bnot v4"),
        ("i128", "T", "T T i8", "v3, v4 = uadd_overflow_cin v0, v1, v2; bnot v3|v3, v4 = usub_overflow_bin v0, v1, v2; bnot v3"),
        ("i128", "T", "T i8", "ishl v0, v1|ushr v0, v1|sshr v0, v1|rotl v0, v1|rotr v0, v1"),
        ("i128", "T", "T T", "ishl v0, v1|ushr v0, v1|sshr v0, v1|rotl v0, v1|rotr v0, v1"),
        ("i128", "T", "T", "v3 = iconst.i8 64; ishl v0, v3|v3 = iconst.i8 64; ushr v0, v3|v3 = iconst.i8 64; sshr v0, v3|v3 = iconst.i8 64; rotl v0, v3"),
        ("i128", "T", "T", "v3 = iconst.i8 1; ishl v0, v3|v3 = iconst.i8 63; ushr v0, v3|v3 = iconst.i8 63; sshr v0, v3|v3 = iconst.i8 5; rotl v0, v3|v3 = iconst.i8 0; rotr v0, v3"),
        ("i128", "T", "T", "v3 = iconst.i8 127; ishl v0, v3|v3 = iconst.i8 100; ushr v0, v3|v3 = iconst.i8 99; sshr v0, v3|v3 = iconst.i8 70; rotr v0, v3|v3 = iconst.i8 101; rotl v0, v3"),
    ];

    /// <summary>What only AArch64 has.</summary>
    private static readonly (string Types, string Results, string Parameters, string Body)[] s_armOperations =
    [
        ("i8x16 i32x4 i64x2 i8x8 i32x2 i16x2", "T", "T T", "umulhi v0, v1|smulhi v0, v1"),
        ("i32x4 i64x2 i32x2 i8x2", "T", "T T", "uadd_sat v0, v1|sadd_sat v0, v1|usub_sat v0, v1|ssub_sat v0, v1"),
        ("i32x4", "T", "T T", "sqmul_round_sat v0, v1"),
        ("ints", "T", "T i32", "rotl v0, v1|rotr v0, v1|v3 = iconst.i8 5; rotl v0, v3|v3 = iconst.i8 6; rotr v0, v3"),
        ("i8x16", "i32x4", "T T i32x4", "v3 = swiden_low v0; v4 = swiden_low v1; v5 = imul v3, v4; v6 = swiden_low v5; v7 = swiden_high v5; v8 = iadd_pairwise v6, v7; v10 = swiden_high v0; v11 = swiden_high v1; v12 = imul v10, v11; v13 = swiden_low v12; v14 = swiden_high v12; v15 = iadd_pairwise v13, v14; v16 = iadd_pairwise v8, v15; iadd v16, v2"),
        ("i8x16", "i32x4", "T T i32x4", "v3 = uwiden_low v0; v4 = uwiden_low v1; v5 = imul v3, v4; v6 = uwiden_low v5; v7 = uwiden_high v5; v8 = iadd_pairwise v6, v7; v10 = uwiden_high v0; v11 = uwiden_high v1; v12 = imul v10, v11; v13 = uwiden_low v12; v14 = uwiden_high v12; v15 = iadd_pairwise v13, v14; v16 = iadd_pairwise v8, v15; iadd v16, v2"),
        ("i8x16", "i32x4", "T T i32x4", "v3 = uwiden_low v0; v4 = uwiden_low v1; v5 = imul v3, v4; v6 = swiden_low v5; v7 = swiden_high v5; v8 = iadd_pairwise v6, v7; v10 = uwiden_high v0; v11 = uwiden_high v1; v12 = imul v10, v11; v13 = swiden_low v12; v14 = swiden_high v12; v15 = iadd_pairwise v13, v14; v16 = iadd_pairwise v8, v15; iadd v16, v2"),
        ("i8x16", "i32x4", "T T i32x4", "v3 = uwiden_low v0; v4 = swiden_low v1; v5 = imul v3, v4; v6 = swiden_low v5; v7 = swiden_high v5; v8 = iadd_pairwise v6, v7; v10 = uwiden_high v0; v11 = swiden_high v1; v12 = imul v10, v11; v13 = swiden_low v12; v14 = swiden_high v12; v15 = iadd_pairwise v13, v14; v16 = iadd_pairwise v8, v15; iadd v16, v2"),
        ("i8x16", "i32x4", "T T i32x4", "v3 = swiden_low v0; v4 = uwiden_low v1; v5 = imul v3, v4; v6 = swiden_low v5; v7 = swiden_high v5; v8 = iadd_pairwise v6, v7; v10 = swiden_high v0; v11 = uwiden_high v1; v12 = imul v10, v11; v13 = swiden_low v12; v14 = swiden_high v12; v15 = iadd_pairwise v13, v14; v16 = iadd_pairwise v8, v15; iadd v16, v2"),
        ("i128", "T", "T T", "smin v0, v1|smax v0, v1|umin v0, v1|umax v0, v1"),
    ];

    public static TheoryData<string, X64Features> Levels => new()
    {
        { "SSE2", X64Features.None },
        { "SSSE3", Ssse3 },
        { "SSE4.1", Ssse3 | X64Features.Sse41 },
        { "SSE4.2", Sse42 },
        { "AVX", Sse42 | X64Features.Avx },
        { "AVX, optimized", Sse42 | X64Features.Avx },
        { "FMA", Sse42 | X64Features.Avx | X64Features.Avx2 | X64Features.Fma },
    };

    [Theory]
    [MemberData(nameof(Levels))]
    public void Vectors_behave_the_same_with_and_without_extensions(string level, X64Features features)
    {
        Assert.SkipUnless((features & ~X64Settings.HostFeatures) == 0, $"this processor has no {level}");
        SharedSettings shared = Shared(level.EndsWith("optimized", StringComparison.Ordinal) ? "opt_level=speed" : "opt_level=none");
        CompareWithInterpreter(new X64Target(TargetTriple.Host, shared, new X64Settings(features)), EngineKind.Native, Program(s_operations));
    }

    [Theory]
    [InlineData("opt_level=none", Arm64Features.None)]
    [InlineData("opt_level=speed", Arm64Features.Lse | Arm64Features.Dotprod | Arm64Features.I8mm)]
    public void Vectors_behave_the_same_on_the_simulated_machine(string level, Arm64Features features)
    {
        Assert.True(TargetTriple.TryParse("aarch64", out TargetTriple triple));
        string program = Program([.. s_operations, .. s_armOperations]);
        CompareWithInterpreter(new Arm64Target(triple, Shared(level), new Arm64Settings(features)), EngineKind.Machine, program);
    }

    private static SharedSettings Shared(string level)
    {
        SettingsBuilder settings = SharedSettings.Default.ToBuilder();
        Assert.True(settings.TryApply("enable_llvm_abi_extensions", out _));   // i128 parameters
        Assert.True(settings.TryApply(level, out _));
        return new(settings);
    }

    private static void CompareWithInterpreter(Target target, EngineKind kind, string program)
    {
        ParsedFile file = Parser.Parse(program);
        Assert.Empty(file.Diagnostics.Items);
        using IEngine compiled = new EngineHost(new CompileContext()).Create(kind, target);
        using InterpreterEngine interpreter = new();
        Assert.Equal("", compiled.Load(FileState.FunctionsOf(file), []));
        Assert.Equal("", interpreter.Load(FileState.FunctionsOf(file), []));

        SplitMix64 random = new(20);
        for (int i = 0; i < file.Functions.Count; i++)
        {
            Function function = file.Functions[i].Function;
            DataValue[] arguments = new DataValue[function.Signature.Params.Count];
            for (int round = 0; round < Rounds; round++)
            {
                for (int j = 0; j < arguments.Length; j++)
                {
                    arguments[j] = RandomValue(ref random, function.Signature.Params[j].Type);
                }

                Completion expected = interpreter.Invoke(i, function.Name.ToString(), arguments);
                Completion actual = compiled.Invoke(i, "", arguments);
                Assert.True(
                    expected.Kind == CompletionKind.Returned && actual.Kind == CompletionKind.Returned && AreSame(expected.Results[0], actual.Results[0]),
                    $"{function}\non {DataValue.Format(arguments)}\nexpected {Show(expected)}, actual {Show(actual)}");
            }
        }
    }

    private static string Show(in Completion completion) =>
        completion.Kind == CompletionKind.Returned ? DataValue.Format(completion.Results) : completion.Detail;

    /// <summary>One function for each operation and type.</summary>
    private static string Program(ReadOnlySpan<(string Types, string Results, string Parameters, string Body)> operations)
    {
        StringBuilder text = new();
        int number = 0;
        foreach ((string types, string result, string parameters, string bodies) in operations)
        {
            foreach (string type in types.Replace("ints", Ints, StringComparison.Ordinal).Replace("floats", Floats, StringComparison.Ordinal).Split(' '))
            {
                foreach (string body in bodies.Split('|'))
                {
                    AppendFunction(text, $"%f{number++}", type, result, parameters, body);
                }
            }
        }

        return text.ToString();
    }

    private static void AppendFunction(StringBuilder text, string name, string type, string result, string parameters, string body)
    {
        string[] names = parameters.Split(' ');
        string[] types = Array.ConvertAll(names, p => TypeName(p, type));
        text.Append($"function {name}({string.Join(", ", types)}) -> {TypeName(result, type)} {{\nblock0(");
        for (int i = 0; i < types.Length; i++)
        {
            text.Append($"{(i == 0 ? "" : ", ")}v{i}: {types[i]}");
        }

        text.Append("):\n");
        string[] lines = body.Split("; ");
        for (int i = 0; i < lines.Length; i++)
        {
            string line = lines[i];
            foreach (string letter in (ReadOnlySpan<string>)["T", "L", "I"])
            {
                line = line.Replace("." + letter, "." + TypeName(letter, type), StringComparison.Ordinal);
            }

            text.Append("    ").Append(i == lines.Length - 1 ? "v9 = " : "").Append(line).Append('\n');
        }

        text.Append("    return v9\n}\n");
    }

    private static string TypeName(string letter, string operand)
    {
        Assert.True(IrType.TryParse(operand, out IrType type));
        return letter switch
        {
            "T" => operand,
            "L" => type.LaneType.ToString(),
            "I" => type.AsInt().ToString(),
            "N" => type.SplitLanes().ToString(),
            "W" => type.MergeLanes().ToString(),
            _ => letter,
        };
    }

    private static DataValue RandomValue(ref SplitMix64 random, IrType type)
    {
        UInt128 bits = 0;
        ulong mask = ulong.MaxValue >> (64 - Math.Min(type.LaneBits, 64));
        bool isUniform = random.Below(8) == 0;
        ulong lane = RandomLane(ref random, type.LaneType);
        for (int position = 0; position < type.Bits; position += Math.Min(type.LaneBits, 64))
        {
            lane = isUniform ? lane : RandomLane(ref random, type.LaneType);
            bits |= (UInt128)(lane & mask) << position;
        }

        return new(type, bits);
    }

    private static ulong RandomLane(ref SplitMix64 random, IrType lane)
    {
        if (lane.IsFloat)
        {
            ReadOnlySpan<double> special =
            [
                0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 1.5, 2.5, -2.5, 1e-40, 1e30, -1e30, 2147483520.0, 2147483648.0, -2147483648.0, 4294967040.0, 4294967296.0,
                9223372036854775808.0, -9223372036854775808.0, 18446744073709551616.0, double.PositiveInfinity, double.NegativeInfinity, double.NaN, 3.25e9,
            ];
            double number = random.Below(3) == 0 ? ((long)random.Next() >> random.Below(60)) * 0.125 : special[random.Below(special.Length)];
            return lane == IrType.F32 ? BitConverter.SingleToUInt32Bits((float)number) : BitConverter.DoubleToUInt64Bits(number);
        }

        int bits = Math.Min(lane.Bits, 64);
        return random.Below(7) switch
        {
            0 => 0,
            1 => ulong.MaxValue >> random.Below(3),
            2 => 1ul << (bits - 1),
            3 => (1ul << (bits - 1)) - 1,
            4 => (ulong)random.Below(20),
            5 => (1ul << random.Below(bits)) - (ulong)random.Below(2),
            _ => random.Next(),
        };
    }

    /// <summary>Equal bits, or NaN in the same float lanes.</summary>
    private static bool AreSame(DataValue x, DataValue y)
    {
        if (x.Bits == y.Bits || !x.Type.HasFloatLanes)
        {
            return x.Bits == y.Bits;
        }

        for (int i = 0; i < x.Type.LaneCount; i++)
        {
            DataValue a = x.Type.IsVector ? x.Lane(i) : x, b = x.Type.IsVector ? y.Lane(i) : y;
            bool areNaN = x.Type.LaneBits == 32 ? float.IsNaN(a.AsF32) && float.IsNaN(b.AsF32) : double.IsNaN(a.AsF64) && double.IsNaN(b.AsF64);
            if (a.Bits != b.Bits && !areNaN)
            {
                return false;
            }
        }

        return true;
    }
}
