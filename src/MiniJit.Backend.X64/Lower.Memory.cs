// Lowering rules: addresses, loads, stores, symbols, atomics.
using System;
using MiniJit.Codegen.Machine;
using MiniJit.Codegen.Settings;
using MiniJit.IR;

namespace MiniJit.Backend.X64;

internal sealed partial class X64LowerContext
{
    // ---- addresses

    /// <summary>The memory operand of an access at <paramref name="address"/> + <paramref name="offset"/>, with its trap code.</summary>
    private Mem Address(Inst access, Value address, int offset) => AddressOf(address, offset, Dfg.MemFlagsOf(access).Trap.Raw);

    private Mem AddressOf(Value address, long offset, byte trap)
    {
        // iadd p, iconst k         [p + k + offset fits 32 bits]    => [p + k]
        // A constant may stand on either side; offsets accumulate through chains.
        while (DefBy(address, Opcode.Iadd) is { IsNone: false } add)
        {
            (Value x, Value y) = (Arg(add, 0), Arg(add, 1));
            (x, y) = Const(x, out _) ? (y, x) : (x, y);
            if (!Const32(y, out int constant) || offset + constant != (int)(offset + constant))
            {
                break;
            }

            address = x;
            offset += constant;
        }

        Inst def = Def(address);
        if (!def.IsNone)
        {
            switch (Dfg[def].Opcode)
            {
                // stack_addr ss                         => [rsp + slot]
                case Opcode.StackAddr when StackDisp(def, offset, out int disp):
                    return Mem.StackSlot(disp) with { Trap = trap };

                // symbol_value (colocated)              => [rip + symbol]
                case Opcode.SymbolValue when IsNearSymbol(Dfg[def].GlobalValue, offset, out int symbol, out int addend):
                    return Mem.SymbolAddress(symbol, addend) with { Trap = trap };

                case Opcode.Iadd:
                    return IndexedAddress(def, (int)offset) with { Trap = trap };
            }
        }

        return offset == (int)offset
            ? Mem.At(Put(address), (int)offset, trap)
            : Mem.At(Binary(X64Form.AddRm, 8, Put(address), LoadInt(offset)), 0, trap);
    }

    // iadd x, (ishl y, k)          [k ≤ 3]              => [x + y << k]
    // iadd (stack_addr), y                              => [rsp + y + slot]
    // iadd x, y                                         => [x + y]
    private Mem IndexedAddress(Inst add, int offset)
    {
        (Value x, Value y) = (Arg(add, 0), Arg(add, 1));
        if (!ScaledIndex(y, IrType.I64, out Value index, out int scale))
        {
            if (ScaledIndex(x, IrType.I64, out index, out scale))
            {
                x = y;
            }
            else
            {
                (x, index) = DefBy(y, Opcode.StackAddr).IsNone ? (x, y) : (y, x);
            }
        }

        Inst slot = DefBy(x, Opcode.StackAddr);
        return !slot.IsNone && StackDisp(slot, offset, out int disp)
            ? new Mem(AddressMode.StackSlotIndex, default, Put(index), (byte)scale, disp, 0, 0)
            : Mem.Indexed(Put(x), Put(index), scale, offset);
    }

    private bool StackDisp(Inst stackAddr, long offset, out int disp)
    {
        long total = offset + Dfg[stackAddr].Offset + StackSlotOffset(Dfg[stackAddr].StackSlot);
        disp = (int)total;
        return disp == total;
    }

    /// <summary>A symbol that rip-relative addressing reaches.</summary>
    private bool IsNearSymbol(GlobalValue global, long offset, out int symbol, out int addend)
    {
        ref readonly GlobalValueData data = ref Function.GlobalValues[global.Index];
        long total = data.Offset + offset;
        addend = (int)total;
        bool near = data.Kind == GlobalValueKind.Symbol && data.IsColocated && !data.IsThreadLocal && !Settings.IsPic && addend == total;
        symbol = near ? Symbol(data.Name) : 0;
        return near;
    }

    private VReg LowerStackAddr(Inst inst) =>
        StackDisp(inst, 0, out int disp) ? Lea(8, Mem.StackSlot(disp)) : Unsupported(inst);

    private VReg LowerSymbolValue(Inst inst)
    {
        ref readonly GlobalValueData data = ref Function.GlobalValues[Dfg[inst].GlobalValue.Index];
        if (data.Kind != GlobalValueKind.Symbol || data.IsThreadLocal)
        {
            return Unsupported(inst);
        }

        return LoadSymbol(data.Name, data.Offset, data.IsColocated);
    }

    protected override VReg LoadSymbol(ExternalName name, long offset, bool colocated)
    {
        SymbolAccess access = Settings.IsPic ? SymbolAccess.Got : colocated ? SymbolAccess.PcRelative : SymbolAccess.Absolute;
        bool separate = access == SymbolAccess.Got || offset != (int)offset;
        VReg address = Pseudo(X64Form.LoadSymbolAddress, 8, NewInt());
        Current.Data = Symbol(name);
        Current.Imm = separate ? 0 : offset;
        Current.Aux = (byte)access;
        if (!separate || offset == 0)
        {
            return address;
        }

        return offset == (int)offset ? Modify(X64Form.AddMi, 8, address, offset) : Binary(X64Form.AddRm, 8, address, LoadInt(offset));
    }

    // ---- loads

    private VReg LowerLoad(Inst inst)
    {
        IrType type = TypeOf(Dfg.FirstResult(inst));
        if (!IsNative(inst, type))
        {
            return Unsupported(inst);
        }

        Mem memory = Address(inst, Arg(inst, 0), Dfg[inst].Format == InstructionFormat.Load ? Dfg[inst].Offset : 0);
        return LoadFrom(type, memory);
    }

    private VReg LoadFrom(IrType type, in Mem memory) => type.Bytes switch
    {
        _ when type == IrType.I8 => Unary(X64Form.MovzxByte, 4, memory),
        _ when type == IrType.I16 => Unary(X64Form.MovzxWord, 4, memory),
        _ when type.IsInt => Unary(X64Form.MovRm, type.Bytes, memory),
        2 => IntToVector(Unary(X64Form.MovzxWord, 4, memory), 4),
        4 => Unary(Sse(X64Form.Movss), 4, memory, RegClass.Float),
        8 => Unary(Sse(X64Form.Movsd), 8, memory, RegClass.Float),
        _ => Unary(Sse(X64Form.Movups), 16, memory, RegClass.Float),
    };

    /// <summary>uload8, sload16, …</summary>
    private VReg LowerExtendingLoad(Inst inst, IrType from, bool signed)
    {
        IrType type = TypeOf(Dfg.FirstResult(inst));
        if (!IsNative(inst, from))
        {
            return Unsupported(inst);
        }

        Mem memory = Address(inst, Arg(inst, 0), Dfg[inst].Offset);
        return Extend(memory, from, signed, WideSize(type));
    }

    private bool IsNative(Inst inst, IrType accessed) => !(Dfg.MemFlagsOf(inst).IsBig && accessed.Bytes > 1);

    // ---- stores

    private void LowerStore(Inst inst, int size)
    {
        Value value = Arg(inst, 0), address = Arg(inst, 1);
        IrType type = TypeOf(value);
        if ((Dfg.MemFlagsOf(inst).IsBig && size > 1) || type == IrType.I128)
        {
            Unsupported(inst);
            return;
        }

        int offset = Dfg[inst].Format == InstructionFormat.Store ? Dfg[inst].Offset : 0;
        if (type.IsInt && TryUpdateInPlace(inst, value, address, offset, size))
        {
            return;
        }

        if (TypeOf(value).Bytes == size && TryStoreLane(inst, value, address, offset))
        {
            return;
        }

        // store iconst k           [k fits imm32]       => mov [p], k
        if (Const32(value, out int constant))
        {
            Mem memory = Address(inst, address, offset);
            Emit(X64Form.MovMi, size, [], memory).Imm = constant;
            return;
        }

        StoreTo(type.IsInt ? IrType.Int(size * 8) : type, Put(value), Address(inst, address, offset));
    }

    private void StoreTo(IrType type, VReg value, in Mem memory)
    {
        if (!type.IsInt && type.Bytes == 2)
        {
            type = IrType.I16;
            value = VectorToInt(value, 4);
        }

        X64Form form = type.IsInt ? X64Form.MovMr : type.Bytes switch
        {
            4 => Sse(X64Form.MovssStore),
            8 => Sse(X64Form.MovsdStore),
            _ => Sse(X64Form.MovupsStore),
        };
        Emit(form, type.Bytes, [value], memory);
    }

    // store (iadd (load p), y), p  [the load has one use]   => add [p], y        (also sub, and, or, xor)
    private bool TryUpdateInPlace(Inst store, Value value, Value address, int offset, int size)
    {
        Inst operation = Def(value);
        if (operation.IsNone || !HasOneUse(value) || TypeOf(value).Bytes != size)
        {
            return false;
        }

        AluOp op;
        switch (Dfg[operation].Opcode)
        {
            case Opcode.Iadd: op = AluOp.Add; break;
            case Opcode.Isub: op = AluOp.Sub; break;
            case Opcode.Band: op = AluOp.And; break;
            case Opcode.Bor: op = AluOp.Or; break;
            case Opcode.Bxor: op = AluOp.Xor; break;
            default: return false;
        }

        (_, Value x, Value y) = BinaryArgs(operation);
        if (!IsSameLocation(store, x, address, offset, size))
        {
            if (op == AluOp.Sub || !IsSameLocation(store, y, address, offset, size))
            {
                return false;
            }

            (x, y) = (y, x);
        }

        Sink(Def(x));
        Mem memory = Address(store, address, offset);
        if (Const32(y, out int constant))
        {
            Emit(op.Immediate, size, [], memory).Imm = constant;
        }
        else
        {
            Emit(op.MemReg, size, [Put(y)], memory);
        }

        return true;
    }

    /// <summary>Whether the value is a load, fit to be folded, of what the store writes. One instruction has one trap code: the load's comes first.</summary>
    private bool IsSameLocation(Inst store, Value value, Value address, int offset, int size)
    {
        if (TypeOf(value).Bytes != size || !SinkableLoad(value, out Inst load) || Dfg[load].Opcode != Opcode.Load || Arg(load, 0) != address)
        {
            return false;
        }

        MemFlags flags = Dfg.MemFlagsOf(load);
        return Dfg[load].Offset == offset && !flags.IsBig && (flags.IsNotrap || flags.Trap == Dfg.MemFlagsOf(store).Trap);
    }

    // ---- atomics. x86-64's ordinary loads acquire and stores release; only a store followed by a load needs more.

    // atomic_store x, p                                 => xchg [p], x
    private void LowerAtomicStore(Inst inst)
    {
        Value value = Arg(inst, 0);
        IrType type = TypeOf(value);
        if (!IsWord(type) || !IsNative(inst, type))
        {
            Unsupported(inst);
            return;
        }

        Emit(X64Form.Xchg, type.Bytes, [NewInt(), Put(value)], Address(inst, Arg(inst, 1), 0));
    }

    private VReg LowerAtomicRmw(Inst inst)
    {
        IrType type = TypeOf(Dfg.FirstResult(inst));
        if (!IsWord(type) || !IsNative(inst, type))
        {
            return Unsupported(inst);
        }

        AtomicRmwOp op = Dfg[inst].RmwOp;
        VReg operand = Put(Arg(inst, 1));
        switch (op)
        {
            case AtomicRmwOp.Add or AtomicRmwOp.Sub:
                operand = op == AtomicRmwOp.Sub ? Modify(X64Form.Neg, WideSize(type), operand) : operand;
                return ExchangeForm(X64Form.LockXadd, type, operand, Address(inst, Arg(inst, 0), 0));
            case AtomicRmwOp.Xchg:
                return ExchangeForm(X64Form.Xchg, type, operand, Address(inst, Arg(inst, 0), 0));
            default:
                return AtomicLoop(type, LoopOp(op), operand, Address(inst, Arg(inst, 0), 0));
        }
    }

    private VReg ExchangeForm(X64Form form, IrType type, VReg operand, in Mem memory)
    {
        VReg old = NewInt();
        Emit(form, type.Bytes, [old, operand], memory);
        return old;
    }

    private VReg AtomicLoop(IrType type, AtomicLoopOp op, VReg operand, in Mem memory)
    {
        VReg old = NewInt();
        Begin((ushort)X64Form.AtomicRmwLoop, type.Bytes);
        Use(Operand.DefFixed(old, Registers.Rax));
        Use(Operand.UseLate(operand));
        Current.Aux = (byte)op;
        AddAddress(memory, late: true);
        return old;
    }

    private static AtomicLoopOp LoopOp(AtomicRmwOp op) => op switch
    {
        AtomicRmwOp.And => AtomicLoopOp.And,
        AtomicRmwOp.Nand => AtomicLoopOp.Nand,
        AtomicRmwOp.Or => AtomicLoopOp.Or,
        AtomicRmwOp.Xor => AtomicLoopOp.Xor,
        AtomicRmwOp.Umin => AtomicLoopOp.Umin,
        AtomicRmwOp.Umax => AtomicLoopOp.Umax,
        AtomicRmwOp.Smin => AtomicLoopOp.Smin,
        AtomicRmwOp.Smax => AtomicLoopOp.Smax,
        _ => throw new CompilerBugException("x64 lowering", $"{op} needs no loop"),
    };

    // atomic_cas p, e, x                                => lock cmpxchg [p], x       (rax: e in, old out)
    private VReg LowerAtomicCas(Inst inst)
    {
        IrType type = TypeOf(Dfg.FirstResult(inst));
        if (!IsWord(type) || !IsNative(inst, type))
        {
            return Unsupported(inst);
        }

        VReg old = NewInt();
        Emit(X64Form.LockCmpxchg, type.Bytes, [old, Put(Arg(inst, 1)), Put(Arg(inst, 2))], Address(inst, Arg(inst, 0), 0));
        return old;
    }
}
