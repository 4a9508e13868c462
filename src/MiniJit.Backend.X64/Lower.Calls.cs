// What the shared lowering of entries, calls and returns (LowerContext.Calls.cs) needs of x86-64: how a part of a value is loaded, stored
// and widened. Where parameters and results live is told by Abi.Assign.
using MiniJit.Codegen.Abi;
using MiniJit.Codegen.Lowering;
using MiniJit.Codegen.Machine;
using MiniJit.IR;

namespace MiniJit.Backend.X64;

internal sealed partial class X64LowerContext
{
    private static readonly CallForms s_callForms = new(
        (ushort)X64Form.Args, (ushort)X64Form.Ret, (ushort)X64Form.CallSymbol, (ushort)X64Form.CallIndirect, (ushort)X64Form.TailCallSymbol,
        (ushort)X64Form.TailCallIndirect, TailTarget: Registers.Rax, StructReturn: Registers.Rax,
        Payload: (Registers.Rax, Registers.Rdx), (ushort)X64Form.StackSwitch, SwitchContexts: (Registers.Rsi, Registers.Rdx),
        SwitchPayload: Registers.Rdi);

    protected override CallForms CallForms => s_callForms;

    protected override void AssignAbi(Signature signature, AbiAssignment assignment) => Abi.Assign(signature, Settings, assignment);

    protected override void LoadPart(IrType type, VReg target, in AbiPlace place)
    {
        (X64Form form, int size) = type.Bytes switch
        {
            1 => (X64Form.MovzxByte, 4),
            2 when type.IsInt => (X64Form.MovzxWord, 4),
            _ when type.IsInt => (X64Form.MovRm, type.Bytes),
            <= 4 => (Sse(X64Form.Movss), 4),
            8 => (Sse(X64Form.Movsd), 8),
            _ => (Sse(X64Form.Movups), 16),
        };
        Emit(form, size, [target], MemOf(place));
    }

    protected override void StorePart(IrType type, VReg value, in AbiPlace place) => StoreTo(type, value, MemOf(place));

    protected override void LoadAddress(VReg target, in AbiPlace place) => Emit(X64Form.Lea, 8, [target], MemOf(place));

    protected override VReg ExtendTo64(VReg value, IrType from, bool signed) => Extend(value, from, signed, 8);

    private static Mem MemOf(in AbiPlace place) => place.Area switch
    {
        AbiArea.Incoming => Mem.Incoming(place.Offset),
        AbiArea.Outgoing => Mem.Outgoing(place.Offset),
        AbiArea.Tail => Mem.Tail(place.Offset),
        _ => Mem.At(place.Base, place.Offset),
    };
}
