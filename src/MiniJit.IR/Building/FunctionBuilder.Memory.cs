// Loads, stores, atomics, addresses and machine state.
using System;

namespace MiniJit.IR.Building;

public sealed partial class FunctionBuilder
{
    /// <summary><c>load</c>: a <paramref name="type"/> at <paramref name="p"/> + <paramref name="offset"/>.</summary>
    public Value Load(IrType type, MemFlags flags, Value p, int offset = 0) => LoadAs(Opcode.Load, type, flags, p, offset);

    /// <summary><c>store</c>: <paramref name="x"/> to <paramref name="p"/> + <paramref name="offset"/>.</summary>
    public void Store(MemFlags flags, Value x, Value p, int offset = 0) => StoreAs(Opcode.Store, flags, x, p, offset);

    /// <summary><c>uload8</c>: 8 bits, zero-extended to <paramref name="type"/>.</summary>
    public Value Uload8(IrType type, MemFlags flags, Value p, int offset = 0) => LoadAs(Opcode.Uload8, type, flags, p, offset);

    /// <summary><c>sload8</c>: 8 bits, sign-extended to <paramref name="type"/>.</summary>
    public Value Sload8(IrType type, MemFlags flags, Value p, int offset = 0) => LoadAs(Opcode.Sload8, type, flags, p, offset);

    /// <summary><c>istore8</c>: the low 8 bits of <paramref name="x"/>.</summary>
    public void Istore8(MemFlags flags, Value x, Value p, int offset = 0) => StoreAs(Opcode.Istore8, flags, x, p, offset);

    /// <summary><c>uload16</c>: 16 bits, zero-extended to <paramref name="type"/>.</summary>
    public Value Uload16(IrType type, MemFlags flags, Value p, int offset = 0) => LoadAs(Opcode.Uload16, type, flags, p, offset);

    /// <summary><c>sload16</c>: 16 bits, sign-extended to <paramref name="type"/>.</summary>
    public Value Sload16(IrType type, MemFlags flags, Value p, int offset = 0) => LoadAs(Opcode.Sload16, type, flags, p, offset);

    /// <summary><c>istore16</c>: the low 16 bits of <paramref name="x"/>.</summary>
    public void Istore16(MemFlags flags, Value x, Value p, int offset = 0) => StoreAs(Opcode.Istore16, flags, x, p, offset);

    /// <summary><c>uload32</c>: 32 bits, zero-extended to i64.</summary>
    public Value Uload32(MemFlags flags, Value p, int offset = 0) => LoadAs(Opcode.Uload32, TypeOf(p), flags, p, offset);

    /// <summary><c>sload32</c>: 32 bits, sign-extended to i64.</summary>
    public Value Sload32(MemFlags flags, Value p, int offset = 0) => LoadAs(Opcode.Sload32, TypeOf(p), flags, p, offset);

    /// <summary><c>istore32</c>: the low 32 bits of <paramref name="x"/>.</summary>
    public void Istore32(MemFlags flags, Value x, Value p, int offset = 0) => StoreAs(Opcode.Istore32, flags, x, p, offset);

    /// <summary><c>uload8x8</c>: eight 8-bit lanes, zero-extended to i16x8.</summary>
    public Value Uload8x8(MemFlags flags, Value p, int offset = 0) => LoadAs(Opcode.Uload8x8, TypeOf(p), flags, p, offset);

    /// <summary><c>sload8x8</c>: eight 8-bit lanes, sign-extended to i16x8.</summary>
    public Value Sload8x8(MemFlags flags, Value p, int offset = 0) => LoadAs(Opcode.Sload8x8, TypeOf(p), flags, p, offset);

    /// <summary><c>uload16x4</c>: four 16-bit lanes, zero-extended to i32x4.</summary>
    public Value Uload16x4(MemFlags flags, Value p, int offset = 0) => LoadAs(Opcode.Uload16x4, TypeOf(p), flags, p, offset);

    /// <summary><c>sload16x4</c>: four 16-bit lanes, sign-extended to i32x4.</summary>
    public Value Sload16x4(MemFlags flags, Value p, int offset = 0) => LoadAs(Opcode.Sload16x4, TypeOf(p), flags, p, offset);

    /// <summary><c>uload32x2</c>: two 32-bit lanes, zero-extended to i64x2.</summary>
    public Value Uload32x2(MemFlags flags, Value p, int offset = 0) => LoadAs(Opcode.Uload32x2, TypeOf(p), flags, p, offset);

    /// <summary><c>sload32x2</c>: two 32-bit lanes, sign-extended to i64x2.</summary>
    public Value Sload32x2(MemFlags flags, Value p, int offset = 0) => LoadAs(Opcode.Sload32x2, TypeOf(p), flags, p, offset);

    /// <summary><c>stack_addr</c>: the address of a stack slot plus <paramref name="offset"/>.</summary>
    public Value StackAddr(IrType type, StackSlot slot, int offset = 0) => Result(InstructionData.UnaryEntity(Opcode.StackAddr, type, slot.Raw, offset));

    /// <summary><c>dynamic_stack_addr</c>: the address of a dynamic stack slot.</summary>
    public Value DynamicStackAddr(IrType type, DynamicStackSlot slot) => Result(InstructionData.UnaryEntity(Opcode.DynamicStackAddr, type, slot.Raw));

    /// <summary><c>symbol_value</c>: the address of a symbol.</summary>
    public Value SymbolValue(IrType type, GlobalValue symbol) => Result(InstructionData.UnaryEntity(Opcode.SymbolValue, type, symbol.Raw));

    /// <summary><c>tls_value</c>: the address of a thread-local symbol in this thread.</summary>
    public Value TlsValue(IrType type, GlobalValue symbol) => Result(InstructionData.UnaryEntity(Opcode.TlsValue, type, symbol.Raw));

    /// <summary><c>get_pinned_reg</c>.</summary>
    public Value GetPinnedReg(IrType type) => NullAry(Opcode.GetPinnedReg, type);

    /// <summary><c>set_pinned_reg</c>.</summary>
    public void SetPinnedReg(Value x) => Emit(InstructionData.Unary(Opcode.SetPinnedReg, TypeOf(x), x));

    /// <summary><c>get_frame_pointer</c>.</summary>
    public Value GetFramePointer(IrType type) => NullAry(Opcode.GetFramePointer, type);

    /// <summary><c>get_stack_pointer</c>.</summary>
    public Value GetStackPointer(IrType type) => NullAry(Opcode.GetStackPointer, type);

    /// <summary><c>get_return_address</c>.</summary>
    public Value GetReturnAddress(IrType type) => NullAry(Opcode.GetReturnAddress, type);

    /// <summary><c>atomic_rmw</c>: combines memory with <paramref name="x"/> and gives what was there before.</summary>
    public Value AtomicRmw(IrType type, MemFlags flags, AtomicRmwOp op, Value p, Value x) =>
        Result(InstructionData.AtomicRmw(type, _dfg.InternMemFlags(flags), op, p, x));

    /// <summary><c>atomic_cas</c>: stores <paramref name="x"/> if memory holds <paramref name="expected"/>; gives what was there before.</summary>
    public Value AtomicCas(MemFlags flags, Value p, Value expected, Value x) =>
        Result(InstructionData.AtomicCas(TypeOf(x), _dfg.InternMemFlags(flags), p, expected, x));

    /// <summary><c>atomic_load</c>: sequentially consistent.</summary>
    public Value AtomicLoad(IrType type, MemFlags flags, Value p) => LoadAs(Opcode.AtomicLoad, type, flags, p, 0);

    /// <summary><c>atomic_store</c>: sequentially consistent.</summary>
    public void AtomicStore(MemFlags flags, Value x, Value p) => StoreAs(Opcode.AtomicStore, flags, x, p, 0);

    /// <summary><c>fence</c>: orders all memory accesses before it with all after it.</summary>
    public void Fence() => Emit(InstructionData.NullAry(Opcode.Fence, default));

    /// <summary><c>bitcast</c>: the same bits as another type; <paramref name="flags"/> may say the byte order, which vectors of different lane counts need.</summary>
    public Value Bitcast(IrType type, MemFlags flags, Value x) => LoadAs(Opcode.Bitcast, type, flags, x, 0);

    /// <summary><c>bitcast</c> between types of the same lane count.</summary>
    public Value Bitcast(IrType type, Value x) => Bitcast(type, MemFlags.Default, x);
}
