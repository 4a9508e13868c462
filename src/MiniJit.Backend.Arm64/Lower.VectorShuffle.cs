// Lowering rules: shuffles. A mask is compared with what each permuting instruction does, cheap ones first; what is left is looked up in
// a table of bytes.
using System;
using MiniJit.Codegen.Machine;
using MiniJit.IR;

namespace MiniJit.Backend.Arm64;

internal sealed partial class Arm64LowerContext
{
    private static readonly IrType[] s_laneTypes = [IrType.I64X2, IrType.I32X4, IrType.I16X8, IrType.I8X16];

    /// <summary>Instructions that take lanes of two vectors, see <see cref="SourceLane"/>.</summary>
    private static readonly A64Form[] s_permutations = [A64Form.Zip1, A64Form.Zip2, A64Form.Uzp1, A64Form.Uzp2, A64Form.Trn1, A64Form.Trn2];

    /// <summary>Instructions that reverse the lanes of each group of some bytes.</summary>
    private static readonly (A64Form Form, int GroupBytes)[] s_reversals = [(A64Form.Rev64Vec, 8), (A64Form.Rev32Vec, 4), (A64Form.Rev16Vec, 2)];

    protected override VReg Shuffle(Span<byte> mask, VReg x, VReg y) =>
        (x == y && ShuffleOne(mask, x, out VReg shuffled)) || ShuffleTwo(mask, x, y, out shuffled) ? shuffled : ShuffleAny(mask, x, y);

    // shuffle x, x, identity                            => x
    // shuffle x, x, all of one lane                     => dup d, x[n]
    // shuffle x, x, lanes reversed by group             => rev64 x, rev32 x, rev16 x
    private bool ShuffleOne(ReadOnlySpan<byte> mask, VReg x, out VReg result)
    {
        result = x;
        if (IsPermutation(mask, 1, Identity, same: true))
        {
            return true;
        }

        foreach (IrType type in s_laneTypes)
        {
            int laneBytes = type.LaneType.Bytes;
            if (!HasLanes(mask, laneBytes))
            {
                continue;
            }

            if (IsOneLane(mask, laneBytes))
            {
                result = Lanes(A64Form.DupElement, type, x, mask[0] / laneBytes);
                return true;
            }

            foreach ((A64Form form, int groupBytes) in s_reversals)
            {
                if (groupBytes > laneBytes && IsReversal(mask, laneBytes, groupBytes))
                {
                    result = Lanes(form, type, x);
                    return true;
                }
            }
        }

        return false;
    }

    // shuffle x, y, a permutation                       => zip1, zip2, uzp1, uzp2, trn1, trn2 x, y
    // shuffle x, y, 16 consecutive bytes                => ext d, x, y, n
    // shuffle x, y, x but for one lane                  => mov x[n], y[m]
    private bool ShuffleTwo(Span<byte> mask, VReg x, VReg y, out VReg result)
    {
        result = default;
        for (int exchanged = 0; exchanged < 2; exchanged++, Exchange(mask), (x, y) = (y, x))
        {
            foreach (IrType type in s_laneTypes)
            {
                foreach (A64Form form in s_permutations)
                {
                    if (IsPermutation(mask, type.LaneType.Bytes, form, x == y))
                    {
                        result = Lanes(form, type, x, y);
                        return true;
                    }
                }
            }

            if (IsConsecutive(mask, x == y))
            {
                result = Lanes(A64Form.Ext, IrType.I8X16, x, y, mask[0]);
                return true;
            }

            foreach (IrType type in s_laneTypes)
            {
                if (IsInsertion(mask, type.LaneType.Bytes, out int lane, out int source))
                {
                    int count = type.LaneCount;
                    result = InsertElement(type, x, lane, source < count ? x : y, source % count);
                    return true;
                }
            }
        }

        return false;
    }

    // shuffle x, x, mask                                => tbl d, x, mask
    // shuffle x, y, mask                                => tbl d, x, mask; tbx d, y, mask − 16     (out of range: tbl gives 0, tbx leaves d)
    private VReg ShuffleAny(ReadOnlySpan<byte> mask, VReg x, VReg y)
    {
        VReg shuffled = Lanes(A64Form.Tbl1, IrType.I8X16, x, LoadVector(mask));
        if (x == y)
        {
            return shuffled;
        }

        Span<byte> upper = stackalloc byte[16];
        for (int i = 0; i < 16; i++)
        {
            upper[i] = (byte)(mask[i] - 16);
        }

        return Lanes(A64Form.Tbx1, IrType.I8X16, shuffled, y, LoadVector(upper));
    }

    // ---- what a mask does. With the same vector twice, lanes of either count as the same.

    /// <summary>Whether the mask moves whole lanes.</summary>
    private static bool HasLanes(ReadOnlySpan<byte> mask, int laneBytes)
    {
        for (int i = 0; i < 16; i++)
        {
            if (mask[i] % laneBytes != i % laneBytes || mask[i] / laneBytes != mask[i - (i % laneBytes)] / laneBytes)
            {
                return false;
            }
        }

        return true;
    }

    private const A64Form Identity = A64Form.None;

    /// <summary>Which lane, of n of the first vector and then n of the second, an instruction puts into lane <paramref name="i"/>.</summary>
    private static int SourceLane(A64Form form, int i, int n) => form switch
    {
        A64Form.Zip1 => (i / 2) + (i % 2 * n),
        A64Form.Zip2 => (n / 2) + (i / 2) + (i % 2 * n),
        A64Form.Uzp1 => 2 * i,
        A64Form.Uzp2 => (2 * i) + 1,
        A64Form.Trn1 => (i & ~1) + (i % 2 * n),
        A64Form.Trn2 => (i | 1) + (i % 2 * n),
        _ => i,
    };

    private static bool IsPermutation(ReadOnlySpan<byte> mask, int laneBytes, A64Form form, bool same)
    {
        int count = 16 / laneBytes, significant = same ? 15 : 31;
        for (int i = 0; i < 16; i++)
        {
            int expected = (SourceLane(form, i / laneBytes, count) * laneBytes) + (i % laneBytes);
            if (mask[i] != (expected & significant))
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsOneLane(ReadOnlySpan<byte> mask, int laneBytes)
    {
        for (int i = laneBytes; i < 16; i++)
        {
            if (mask[i] != mask[i - laneBytes])
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsReversal(ReadOnlySpan<byte> mask, int laneBytes, int groupBytes)
    {
        for (int i = 0; i < 16; i += laneBytes)
        {
            if (mask[i] != (i ^ (groupBytes - laneBytes)))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Whether all lanes of the first vector stay in place but for one.</summary>
    private static bool IsInsertion(ReadOnlySpan<byte> mask, int laneBytes, out int lane, out int source)
    {
        lane = source = -1;
        if (!HasLanes(mask, laneBytes))
        {
            return false;
        }

        for (int i = 0; i < 16; i += laneBytes)
        {
            if (mask[i] == i)
            {
                continue;
            }

            if (lane >= 0)
            {
                return false;
            }

            lane = i / laneBytes;
            source = mask[i] / laneBytes;
        }

        return lane >= 0;
    }
}
