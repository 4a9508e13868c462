// Kinds of r/m operand (MachineInst.Mode), symbol access and the operators of the compare-exchange loop.
namespace MiniJit.Backend.X64;

/// <summary>What the r/m operand is. Address registers are the last operands of the instruction.</summary>
internal enum AddressMode : byte
{
    /// <summary>A register, or the spill slot that the allocator gave it.</summary>
    None,

    /// <summary>[base + Disp].</summary>
    Base,

    /// <summary>[base + index &lt;&lt; Scale + Disp].</summary>
    BaseIndex,

    /// <summary>[index &lt;&lt; Scale + Disp].</summary>
    Index,

    /// <summary>[rip + label Data + Disp]: code of this function.</summary>
    RipLabel,

    /// <summary>[rip + constant Data + Disp]: a handle of the constant pool.</summary>
    RipConstant,

    /// <summary>[rip + symbol Data + Disp].</summary>
    Symbol,

    /// <summary>[stack slot area + Disp].</summary>
    StackSlot,

    /// <summary>[stack slot area + index &lt;&lt; Scale + Disp].</summary>
    StackSlotIndex,

    /// <summary>[spill area + 8 * Data + Disp].</summary>
    SpillSlot,

    /// <summary>[incoming stack arguments + Disp].</summary>
    IncomingArg,

    /// <summary>[outgoing stack arguments + Disp], that is, [rsp + Disp].</summary>
    OutgoingArg,

    /// <summary>Stack arguments of a tail call: [end of the caller's argument area + Disp], Disp being negative.</summary>
    TailArg,

    /// <summary>[rbp + Disp]: 0 is the caller's rbp, 8 the return address.</summary>
    FramePointer,
}

/// <summary>How <see cref="X64Form.LoadSymbolAddress"/> gets at the symbol.</summary>
internal enum SymbolAccess : byte
{
    /// <summary>lea, ±2 GiB.</summary>
    PcRelative,

    /// <summary>mov of the absolute 8 bytes.</summary>
    Absolute,

    /// <summary>Load from the linker's table.</summary>
    Got,
}

/// <summary>Operators of <see cref="X64Form.AtomicRmwLoop"/>.</summary>
internal enum AtomicLoopOp : byte
{
    And,
    Nand,
    Or,
    Xor,
    Umin,
    Umax,
    Smin,
    Smax,
}
