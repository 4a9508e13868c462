// Where a calling convention puts the parameters and results of a signature. Backends fill it in (Abi.cs), lowering of entries,
// calls and returns reads it. Reused, so that a call costs no allocation.
using System;
using MiniJit.Codegen.Machine;
using MiniJit.IR;
using MiniJit.IR.Collections;

namespace MiniJit.Codegen.Abi;

/// <summary>A register-sized part of a value and its place: a register, or an offset in a stack area.</summary>
/// <param name="Type">Type of the part: the value's own, or i64 for each half of an i128.</param>
/// <param name="Extension">Widening that the convention asks for.</param>
/// <param name="InRegister">Whether <paramref name="Register"/> or <paramref name="Offset"/> counts.</param>
/// <param name="Register">The register.</param>
/// <param name="Offset">Bytes from the start of the stack-argument area, or of the return area for results.</param>
internal readonly record struct AbiPart(IrType Type, ArgumentExtension Extension, bool InRegister, PReg Register, int Offset)
{
    public static AbiPart Reg(IrType type, ArgumentExtension extension, PReg register) => new(type, extension, true, register, 0);

    public static AbiPart Stack(IrType type, ArgumentExtension extension, int offset) => new(type, extension, false, default, offset);
}

/// <summary>How a parameter or result travels.</summary>
internal enum AbiSlotKind : byte
{
    /// <summary>In its parts.</summary>
    Parts,

    /// <summary>A struct copied to the stack-argument area; the value is its address.</summary>
    StructOnStack,

    /// <summary>By reference: the single part is the address of a copy that the caller makes at <see cref="AbiSlot.Offset"/>.</summary>
    Reference,
}

/// <summary>One parameter or result.</summary>
internal readonly record struct AbiSlot(AbiSlotKind Kind, ArgumentPurpose Purpose, int FirstPart, int PartCount, int Offset, int Size);

/// <summary>The whole signature under its convention.</summary>
internal sealed class AbiAssignment
{
    public Column<AbiPart> Parts;
    public Column<AbiSlot> Params;
    public Column<AbiSlot> Returns;

    /// <summary>Bytes of stack arguments, a multiple of 16.</summary>
    public int ArgAreaSize;

    /// <summary>Bytes of the return area, a multiple of 16; 0 if all results are in registers.</summary>
    public int ReturnAreaSize;

    /// <summary>Whether a hidden pointer to the return area is passed.</summary>
    public bool HasReturnPointer;

    /// <summary>The hidden pointer's place.</summary>
    public AbiPart ReturnPointer;

    /// <summary>Registers that a callee may destroy.</summary>
    public RegSet Clobbers;

    /// <summary>Registers that do not survive an exception: whoever throws restores none of them.</summary>
    public RegSet ThrowClobbers;

    /// <summary>Whether the callee removes the stack arguments.</summary>
    public bool CalleePops;

    /// <summary>Whether stack arguments take their natural size instead of whole words (Apple).</summary>
    public bool PacksStackArgs;

    /// <summary>Why the convention cannot express the signature, or null.</summary>
    public string? Error;

    public void Clear()
    {
        Parts.Clear();
        Params.Clear();
        Returns.Clear();
        ArgAreaSize = 0;
        ReturnAreaSize = 0;
        HasReturnPointer = false;
        ReturnPointer = default;
        Clobbers = default;
        ThrowClobbers = default;
        CalleePops = false;
        PacksStackArgs = false;
        Error = null;
    }

    /// <summary>
    /// Lays out the memory results as winch does: in reverse order, by natural size, unless one of them needs a whole word.
    /// </summary>
    /// <returns>The size of the area.</returns>
    public int PackReturnsReversed(Signature signature)
    {
        bool words = false;
        foreach (AbiParam result in signature.Returns)
        {
            words |= result.Extension != ArgumentExtension.None || result.Type == IrType.F16 || (result.Type.IsVector && result.Type.Bytes == 2);
        }

        int size = 0;
        for (int i = Parts.Count - 1; i >= 0; i--)
        {
            ref AbiPart part = ref Parts[i];
            if (!part.InRegister)
            {
                part = part with { Offset = size };
                size += words ? Math.Max(8, part.Type.Bytes) : part.Type.Bytes;
            }
        }

        return size;
    }
}
