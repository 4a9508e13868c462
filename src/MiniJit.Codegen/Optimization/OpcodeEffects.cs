// What the optimizer wants to know of an opcode, in one byte per opcode, derived from the opcode table.
using System;
using MiniJit.IR;

namespace MiniJit.Codegen.Optimization;

[Flags]
internal enum OpcodeEffects : ushort
{
    None = 0,

    /// <summary>A function of its operands: may be computed anywhere they are available, once or never.</summary>
    Pure = 1,

    /// <summary>Cheaper to compute again in another block than to keep in a register.</summary>
    Rematerialised = 2,

    /// <summary>A plain load: its effect depends on its memory flags.</summary>
    Load = 4,

    /// <summary>A plain store.</summary>
    Store = 8,

    /// <summary>Whatever was known of memory is not known any more.</summary>
    Barrier = 16,

    /// <summary>Somebody may look at memory here: earlier stores must have happened.</summary>
    Observer = 32,

    /// <summary>Its effect is the same when an identical instruction was executed before.</summary>
    Idempotent = 64,

    /// <summary>The first two operands may be exchanged.</summary>
    Commutative = 128,

    /// <summary>Ends a block.</summary>
    Terminator = 256,

    /// <summary>Has one result at most; the exceptions are calls and arithmetic with overflow.</summary>
    SingleResult = 512,
}

/// <summary>The effects of every opcode.</summary>
internal static class OpcodeEffectsTable
{
    private static readonly OpcodeEffects[] s_effects = Make();

    public static OpcodeEffects Effects(this Opcode opcode) => s_effects[(int)opcode];

    private static OpcodeEffects[] Make()
    {
        OpcodeEffects[] effects = new OpcodeEffects[OpcodeTable.Rows.Length];
        for (int i = 0; i < effects.Length; i++)
        {
            effects[i] = Describe(OpcodeTable.Rows[i]);
        }

        return effects;
    }

    private static OpcodeEffects Describe(OpcodeInfo info)
    {
        const OpcodeTraits Effectful = OpcodeTraits.Terminator | OpcodeTraits.Branch | OpcodeTraits.Return | OpcodeTraits.Call
            | OpcodeTraits.ReadsMemory | OpcodeTraits.WritesMemory | OpcodeTraits.CanTrap | OpcodeTraits.OtherSideEffect;
        OpcodeEffects effects = OpcodeEffects.None;
        Set(OpcodeEffects.Commutative, info.Has(OpcodeTraits.Commutative));
        Set(OpcodeEffects.Terminator, info.Has(OpcodeTraits.Terminator));
        Set(OpcodeEffects.Idempotent, info.Has(OpcodeTraits.Idempotent));
        Set(OpcodeEffects.SingleResult, info.Results.Length <= 1 && !info.HasVariableResults);

        // What is read from the stack pointer depends on where it is read, if stacks are switched.
        bool stays = info.Opcode is Opcode.Nop or Opcode.Invalid or Opcode.GetStackPointer or Opcode.GetFramePointer or Opcode.GetReturnAddress
            or Opcode.GetExceptionHandlerAddress;
        Set(OpcodeEffects.Pure, (info.Traits & Effectful) == 0 && !stays);
        Set(OpcodeEffects.Rematerialised, info.Opcode is Opcode.Iconst or Opcode.F16const or Opcode.F32const or Opcode.F64const or Opcode.F128const
            or Opcode.Vconst or Opcode.StackAddr or Opcode.FuncAddr or Opcode.SymbolValue);
        Set(OpcodeEffects.Load, info.Has(OpcodeTraits.ReadsMemory) && info.Format == InstructionFormat.Load);
        Set(OpcodeEffects.Store, info.Has(OpcodeTraits.WritesMemory) && info.Format == InstructionFormat.Store);
        bool otherMemory = (info.Traits & (OpcodeTraits.ReadsMemory | OpcodeTraits.WritesMemory)) != 0
            && (effects & (OpcodeEffects.Load | OpcodeEffects.Store)) == 0;
        bool barrier = otherMemory || info.Has(OpcodeTraits.Call) || info.Opcode is Opcode.Fence or Opcode.SequencePoint;
        Set(OpcodeEffects.Barrier, barrier);
        Set(OpcodeEffects.Observer, barrier || info.Has(OpcodeTraits.CanTrap) || info.Has(OpcodeTraits.Return));
        return effects;

        void Set(OpcodeEffects flag, bool value) => effects |= value ? flag : 0;
    }
}
