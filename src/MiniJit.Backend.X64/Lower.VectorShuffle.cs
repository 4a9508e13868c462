// Lowering rules: shuffles, byte look-ups and blends.
using System;
using MiniJit.Codegen.Machine;
using MiniJit.IR;

namespace MiniJit.Backend.X64;

internal sealed partial class X64LowerContext
{
    private const int DwordIdentity = 0b11_10_01_00;

    private static readonly IrType[] s_laneTypes = [IrType.I8X16, IrType.I16X8, IrType.I32X4, IrType.I64X2];

    protected override VReg Shuffle(Span<byte> mask, VReg x, VReg y) =>
        (x == y && ShuffleOne(mask, x, out VReg shuffled)) || ShuffleTwo(mask, x, y, out shuffled) ? shuffled : ShuffleAny(mask, x, y);

    // shuffle x, _, identity                            => x
    // shuffle x, _, dwords                              => pshufd x, order
    private bool ShuffleOne(ReadOnlySpan<byte> mask, VReg x, out VReg result)
    {
        Span<byte> dwords = stackalloc byte[4];
        result = default;
        if (!AreDwords(mask, dwords))
        {
            return false;
        }

        int order = Order(dwords);
        result = order == DwordIdentity ? x : PackedUnary(X64Form.Pshufd, x, order);
        return true;
    }

    // shuffle x, y, every other lane from either        => punpckl x, y; punpckh x, y
    // shuffle x, y, 16 consecutive bytes of x:y         => palignr y, x, n                        [SSSE3]
    // shuffle x, y, words that stay in their place      => pblendw x, y, n                        [SSE4.1]
    // shuffle x, y, two dwords of x, two of y           => shufps x, y, order
    private bool ShuffleTwo(Span<byte> mask, VReg x, VReg y, out VReg result)
    {
        result = default;
        Span<byte> dwords = stackalloc byte[4];
        for (int exchanged = 0; exchanged < 2; exchanged++, Exchange(mask), (x, y) = (y, x))
        {
            foreach (IrType type in s_laneTypes)
            {
                if (IsInterleave(mask, type.LaneType.Bytes, 0, x == y))
                {
                    result = Packed(LaneForm(X64Form.Punpcklbw, type), x, y);
                    return true;
                }

                if (IsInterleave(mask, type.LaneType.Bytes, 8, x == y))
                {
                    result = Packed(LaneForm(X64Form.Punpckhbw, type), x, y);
                    return true;
                }
            }

            if (Has(X64Form.Palignr) && IsConsecutive(mask, x == y))
            {
                result = Packed(X64Form.Palignr, y, x, mask[0]);
                return true;
            }

            if (Has(X64Form.Pblendw) && IsBlend(mask, out int words))
            {
                result = Packed(X64Form.Pblendw, x, y, words);
                return true;
            }

            if (AreDwords(mask, dwords) && (dwords[0] | dwords[1]) < 4 && (dwords[2] & dwords[3]) >= 4)
            {
                result = Packed(X64Form.Shufps, x, y, Order(dwords));
                return true;
            }
        }

        return false;
    }

    private static bool AreDwords(ReadOnlySpan<byte> mask, Span<byte> dwords)
    {
        for (int i = 0; i < 16; i++)
        {
            if (mask[i] % 4 != i % 4 || mask[i] / 4 != mask[i & ~3] / 4)
            {
                return false;
            }

            dwords[i / 4] = (byte)(mask[i] / 4);
        }

        return true;
    }

    private static int Order(ReadOnlySpan<byte> dwords) =>
        (dwords[0] & 3) | (dwords[1] & 3) << 2 | (dwords[2] & 3) << 4 | (dwords[3] & 3) << 6;

    /// <summary>Lanes from byte <paramref name="start"/> on, alternately from the first and the second operand.</summary>
    private static bool IsInterleave(ReadOnlySpan<byte> mask, int laneBytes, int start, bool same)
    {
        for (int i = 0; i < 16; i++)
        {
            int lane = i / laneBytes;
            int expected = start + (lane / 2 * laneBytes) + (i % laneBytes) + (lane % 2 != 0 && !same ? 16 : 0);
            if (mask[i] != expected)
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsBlend(ReadOnlySpan<byte> mask, out int words)
    {
        words = 0;
        for (int i = 0; i < 16; i++)
        {
            if ((mask[i] & 15) != i || mask[i] / 16 != mask[i & ~1] / 16)
            {
                return false;
            }

            words |= mask[i] / 16 << (i / 2);
        }

        return true;
    }

    // shuffle x, y, mask                                => pshufb x, mask | pshufb y, mask'
    private VReg ShuffleAny(ReadOnlySpan<byte> mask, VReg x, VReg y)
    {
        Span<byte> fromX = stackalloc byte[16], fromY = stackalloc byte[16];
        for (int i = 0; i < 16; i++)
        {
            fromX[i] = mask[i] < 16 ? mask[i] : (byte)0x80;
            fromY[i] = mask[i] < 16 ? (byte)0x80 : (byte)(mask[i] - 16);
        }

        VReg shuffled = ShuffleBytes(x, VectorConstant(fromX));
        return x == y ? shuffled : Packed(X64Form.Por, shuffled, ShuffleBytes(y, VectorConstant(fromY)));
    }

    // x86_pshufb x, s          [SSSE3]                  => pshufb x, s
    // x86_pshufb x, s                                   => call __cranelift_x86_pshufb
    private VReg ShuffleBytes(VReg x, RegMem indices) => Has(X64Form.Pshufb)
        ? Packed(X64Form.Pshufb, x, indices)
        : CallLibrary(LibCall.X86Pshufb, IrType.I8X16, [x, indices.IsMem ? PackedUnary(X64Form.Movups, indices) : indices.Reg]);

    // swizzle x, (const s)                              => pshufb x, s        with 80 for indices beyond 15
    // swizzle x, s                                      => pshufb x, s ⊕ 70   ⊕ saturates: 16 and more get their top bit
    private VReg Swizzle(Inst inst)
    {
        Span<byte> indices = stackalloc byte[16];
        if (!ConstantVector(Arg(inst, 1), indices))
        {
            return ShuffleBytes(Put(Arg(inst, 0)), Packed(X64Form.Paddusb, Put(Arg(inst, 1)), SplatConstant(IrType.I8X16, 0x70)));
        }

        foreach (ref byte index in indices)
        {
            index = index < 16 ? index : (byte)0x80;
        }

        return ShuffleBytes(Put(Arg(inst, 0)), VectorConstant(indices));
    }

    // blendv c, x, y           [SSE4.1]                 => pblendvb, blendvps, blendvpd
    // blendv c, x, y                                    => bits selected by the sign of c, spread over its lane
    private VReg BlendBySign(Inst inst, IrType type)
    {
        VReg c = Put(Arg(inst, 0)), x = Put(Arg(inst, 1)), y = Put(Arg(inst, 2));
        if (!Has(X64Form.Pblendvb) || type.LaneBits == 16)
        {
            VReg mask = type.LaneBits == 8 ? Packed(X64Form.Pcmpgtb, ZeroVector(), c) : SignMask(type, c);
            return SelectLaneBits(mask, x, y);
        }

        VReg result = NewFloat();
        X64Form form = type.LaneBits switch { 8 => X64Form.Pblendvb, 32 => X64Form.Blendvps, _ => X64Form.Blendvpd };
        Emit(Sse(form), 16, [result, y, x, c]);
        return result;
    }
}
