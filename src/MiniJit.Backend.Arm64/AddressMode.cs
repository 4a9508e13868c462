// Kinds of memory operand (MachineInst.Mode) of the Load and Store pseudo-instructions, and symbol access.
namespace MiniJit.Backend.Arm64;

/// <summary>Where a load or store finds its address. Address registers are the last operands of the instruction. Emission picks the encoding:
/// scaled or unscaled offset, or through the address scratch where neither reaches.</summary>
internal enum AddressMode : byte
{
    /// <summary>Not a memory operand.</summary>
    None,

    /// <summary>[base + Disp].</summary>
    Base,

    /// <summary>[base + index extended by the <see cref="Extend"/> in Cond, shifted by Scale]: Scale is 0 or the access's own.</summary>
    BaseIndex,

    /// <summary>[constant Data]: a literal of the constant pool, PC-relative.</summary>
    Constant,

    /// <summary>[stack slot area + Disp].</summary>
    StackSlot,

    /// <summary>[spill area + 8 * Data + Disp].</summary>
    SpillSlot,

    /// <summary>[incoming stack arguments + Disp].</summary>
    IncomingArg,

    /// <summary>[outgoing stack arguments + Disp], that is, [sp + Disp].</summary>
    OutgoingArg,

    /// <summary>Stack arguments of a tail call: [end of the caller's argument area + Disp], Disp being negative.</summary>
    TailArg,

    /// <summary>[fp + Disp]: 0 is the caller's fp, 8 the return address.</summary>
    FramePointer,
}

/// <summary>How <see cref="A64Form.LoadSymbolAddress"/> gets at the symbol.</summary>
internal enum SymbolAccess : byte
{
    /// <summary>adrp and add, ±4 GiB.</summary>
    PcRelative,

    /// <summary>A literal of eight bytes that the linker fills in.</summary>
    Absolute,

    /// <summary>Load from the linker's table: adrp and ldr.</summary>
    Got,
}
