// Lanes of a vector register by number, their size as the logarithm of bytes. The low lane is lane 0, the host being little-endian as
// the guest is.
using System;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace MiniJit.Coherence.Vectors;

internal static class Lanes
{
    /// <summary>Zero-extended.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong ReadUnsigned(in Vector128<byte> vector, int index, int lane)
    {
        ref byte place = ref Place(ref Unsafe.AsRef(in vector), index, lane);
        return lane switch
        {
            0 => place,
            1 => Unsafe.As<byte, ushort>(ref place),
            2 => Unsafe.As<byte, uint>(ref place),
            _ => Unsafe.As<byte, ulong>(ref place),
        };
    }

    /// <summary>Sign-extended.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long ReadSigned(in Vector128<byte> vector, int index, int lane)
    {
        ref byte place = ref Place(ref Unsafe.AsRef(in vector), index, lane);
        return lane switch
        {
            0 => (sbyte)place,
            1 => Unsafe.As<byte, short>(ref place),
            2 => Unsafe.As<byte, int>(ref place),
            _ => Unsafe.As<byte, long>(ref place),
        };
    }

    /// <summary>Writes the low bits of <paramref name="value"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(ref Vector128<byte> vector, int index, int lane, ulong value)
    {
        ref byte place = ref Place(ref vector, index, lane);
        switch (lane)
        {
            case 0:
                place = (byte)value;
                break;
            case 1:
                Unsafe.As<byte, ushort>(ref place) = (ushort)value;
                break;
            case 2:
                Unsafe.As<byte, uint>(ref place) = (uint)value;
                break;
            default:
                Unsafe.As<byte, ulong>(ref place) = value;
                break;
        }
    }

    /// <summary>The value in all lanes.</summary>
    public static Vector128<byte> Broadcast(ulong value, int lane) => lane switch
    {
        0 => Vector128.Create((byte)value),
        1 => Vector128.Create((ushort)value).AsByte(),
        2 => Vector128.Create((uint)value).AsByte(),
        _ => Vector128.Create(value).AsByte(),
    };

    /// <summary>A result of <paramref name="size"/> bytes; the rest of the register becomes zero. Scalars of 8 bytes come with size 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Truncate(Vector128<byte> vector, int size) =>
        size == 16 ? vector : Vector128.CreateScalar(vector.AsUInt64().ToScalar()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ref byte Place(ref Vector128<byte> vector, int index, int lane)
    {
        System.Diagnostics.Debug.Assert((uint)index < 16u >> lane);
        return ref Unsafe.Add(ref Unsafe.As<Vector128<byte>, byte>(ref vector), index << lane);
    }
}
