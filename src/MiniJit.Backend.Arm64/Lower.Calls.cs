// What the shared lowering of entries, calls and returns (LowerContext.Calls.cs) needs of AArch64: how a part of a value is loaded,
// stored and widened. Where parameters and results live is told by Abi.Assign.
using MiniJit.Codegen.Abi;
using MiniJit.Codegen.Lowering;
using MiniJit.Codegen.Machine;
using MiniJit.IR;

namespace MiniJit.Backend.Arm64;

internal sealed partial class Arm64LowerContext
{
    private static readonly CallForms s_callForms = new(
        (ushort)A64Form.Args, (ushort)A64Form.Return, (ushort)A64Form.CallSymbol, (ushort)A64Form.CallIndirect, (ushort)A64Form.TailCallSymbol,
        (ushort)A64Form.TailCallIndirect, TailTarget: Registers.X(1), StructReturn: Registers.X(8),
        Payload: (Registers.X(0), Registers.X(1)), (ushort)A64Form.StackSwitch, SwitchContexts: (Registers.X(1), Registers.X(2)),
        SwitchPayload: Registers.X(0));

    protected override CallForms CallForms => s_callForms;

    protected override void AssignAbi(Signature signature, AbiAssignment assignment) => Abi.Assign(signature, Settings, assignment);

    protected override void LoadPart(IrType type, VReg target, in AbiPlace place)
    {
        MemoryAccess access = LoadAccess(type);
        Pseudo(A64Form.Load, access.Row().Bytes, target);
        AddAddress(access, MemOf(place));
    }

    protected override void StorePart(IrType type, VReg value, in AbiPlace place) => StoreTo(StoreAccess(type), value, MemOf(place));

    protected override void LoadAddress(VReg target, in AbiPlace place)
    {
        Pseudo(A64Form.LoadAddress, 8, target);
        AddAddress(default, MemOf(place));
    }

    protected override VReg ExtendTo64(VReg value, IrType from, bool signed) => Extend(value, from, signed, 8);

    private static Mem MemOf(in AbiPlace place) => place.Area switch
    {
        AbiArea.Incoming => Mem.Incoming(place.Offset),
        AbiArea.Outgoing => Mem.Outgoing(place.Offset),
        AbiArea.Tail => Mem.Tail(place.Offset),
        _ => Mem.At(place.Base, place.Offset),
    };
}
