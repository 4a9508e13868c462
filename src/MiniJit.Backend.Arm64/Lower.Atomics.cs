// Lowering rules: atomics. Everything is sequentially consistent: loads acquire, stores release, and the processor keeps a load-acquire behind an
// earlier store-release. With FEAT_LSE an operation is one instruction, without it a loop around an exclusive pair, which emission writes.
using System.Numerics;
using MiniJit.Codegen.Machine;
using MiniJit.IR;

namespace MiniJit.Backend.Arm64;

internal sealed partial class Arm64LowerContext
{
    private const int InnerShareable = 0b1011;
    private const byte AcquireRelease = 3;

    // fence                                              => dmb ish
    private void LowerFence() => Emit(A64Form.Dmb, 0, Zero, []).Imm = InnerShareable;

    // atomic_load p                                      => ldar d, [p]
    private VReg LowerAtomicLoad(Inst inst)
    {
        IrType type = TypeOf(Dfg.FirstResult(inst));
        if (!IsWord(type) || !IsNativeAtomic(inst, type))
        {
            return Unsupported(inst);
        }

        VReg result = NewInt();
        EmitAtomic(A64Form.Ldar, inst, type, result, [Put(Arg(inst, 0))]);
        return result;
    }

    // atomic_store x, p                                  => stlr x, [p]
    private void LowerAtomicStore(Inst inst)
    {
        Value value = Arg(inst, 0);
        IrType type = TypeOf(value);
        if (!IsWord(type) || !IsNativeAtomic(inst, type))
        {
            Unsupported(inst);
            return;
        }

        EmitAtomic(A64Form.Stlr, inst, type, Zero, [PutOrZero(value), Put(Arg(inst, 1))]);
    }

    private VReg LowerAtomicRmw(Inst inst)
    {
        IrType type = TypeOf(Dfg.FirstResult(inst));
        if (!IsWord(type) || !IsNativeAtomic(inst, type))
        {
            return Unsupported(inst);
        }

        AtomicRmwOp op = Dfg[inst].RmwOp;
        VReg address = Put(Arg(inst, 0)), old = NewInt(), operand;
        if (isa.HasLse && op != AtomicRmwOp.Nand)
        {
            // atomic_rmw add           [LSE]             => ldaddal x, d, [p]
            operand = PutAtomicOperand(op, type, Arg(inst, 1));
            EmitAtomic(AtomicForm(op), inst, type, old, [operand, address]).Aux = AcquireRelease;
            return old;
        }

        // atomic_rmw op                                  => ldaxr d, [p]; op t, d, x; stlxr s, t, [p]; cbnz s
        operand = Put(Arg(inst, 1));
        Begin((ushort)A64Form.AtomicRmwLoop, type.Bytes);
        Use(Operand.Def(old));
        Use(Operand.UseLate(operand));
        Use(Operand.UseLate(address));
        Current.Aux = (byte)op;
        Current.Trap = TrapOf(inst);
        return old;
    }

    private VReg PutAtomicOperand(AtomicRmwOp op, IrType type, Value operand)
    {
        int size = WideSize(type);
        bool isConstant = Const(operand, out long constant);
        return op switch
        {
            // atomic_rmw sub           [LSE]             => neg t, x; ldaddal t, d, [p]
            AtomicRmwOp.Sub when isConstant => LoadInt(unchecked(-constant), size),
            AtomicRmwOp.Sub => Binary(A64Form.SubShifted, size, Zero, (ShiftedReg)Put(operand)),

            // atomic_rmw and           [LSE]             => mvn t, x; ldclral t, d, [p]
            AtomicRmwOp.And when isConstant => LoadInt(~constant, size),
            AtomicRmwOp.And => Binary(A64Form.Orn, size, Zero, (ShiftedReg)Put(operand)),
            _ => Put(operand),
        };
    }

    private static A64Form AtomicForm(AtomicRmwOp op) => op switch
    {
        AtomicRmwOp.Add or AtomicRmwOp.Sub => A64Form.Ldadd,
        AtomicRmwOp.And => A64Form.Ldclr,
        AtomicRmwOp.Or => A64Form.Ldset,
        AtomicRmwOp.Xor => A64Form.Ldeor,
        AtomicRmwOp.Umin => A64Form.Ldumin,
        AtomicRmwOp.Umax => A64Form.Ldumax,
        AtomicRmwOp.Smin => A64Form.Ldsmin,
        AtomicRmwOp.Smax => A64Form.Ldsmax,
        _ => A64Form.Swp,
    };

    private VReg LowerAtomicCas(Inst inst)
    {
        IrType type = TypeOf(Dfg.FirstResult(inst));
        if (!IsWord(type) || !IsNativeAtomic(inst, type))
        {
            return Unsupported(inst);
        }

        VReg address = Put(Arg(inst, 0)), expected = Put(Arg(inst, 1)), replacement = Put(Arg(inst, 2)), old = NewInt();

        // atomic_cas p, e, x       [LSE]                 => casal d = e, x, [p]
        if (isa.HasLse)
        {
            EmitAtomic(A64Form.Cas, inst, type, old, [expected, replacement, address]).Aux = AcquireRelease;
            return old;
        }

        // atomic_cas p, e, x                             => ldaxr d, [p]; cmp d, e; b.ne; stlxr s, x, [p]; cbnz s
        Begin((ushort)A64Form.AtomicCasLoop, type.Bytes);
        Use(Operand.Def(old));
        Use(Operand.UseLate(expected));
        Use(Operand.UseLate(replacement));
        Use(Operand.UseLate(address));
        Current.Trap = TrapOf(inst);
        return old;
    }

    private ref MachineInst EmitAtomic(A64Form form, Inst inst, IrType type, VReg result, System.ReadOnlySpan<VReg> uses)
    {
        ref MachineInst atomic = ref Emit(form, 0, result, uses);
        atomic.Scale = (byte)BitOperations.Log2((uint)type.Bytes);
        atomic.Trap = TrapOf(inst);
        return ref atomic;
    }

    private byte TrapOf(Inst access) => Dfg.MemFlagsOf(access).Trap.Raw;

    private bool IsNativeAtomic(Inst inst, IrType type) => type.Bytes == 1 || !Dfg.MemFlagsOf(inst).IsBig;
}
