// The dispatch from opcodes to lowering rules.
using System;
using MiniJit.Codegen.Lowering;
using MiniJit.Codegen.Machine;
using MiniJit.IR;

namespace MiniJit.Backend.Arm64;

internal sealed partial class Arm64LowerContext
{
    protected override ValueRegs MaterializeConstant(Inst inst)
    {
        ref InstructionData data = ref Dfg[inst];
        switch (data.Opcode)
        {
            case Opcode.Iconst:
                return LoadInt(data.Imm, data.Type.Bytes);
            case Opcode.F16const or Opcode.F32const or Opcode.F64const:
                return LoadFloat(data.FloatBits, data.Opcode == Opcode.F16const ? 2 : data.Opcode == Opcode.F32const ? 4 : 8);
            case Opcode.Vconst when IsVector(data.Type):
            case Opcode.F128const:
                return LoadVector(Function.ConstantData(data.Constant));
            default:
                Unsupported(inst);
                return NewRegs(TypeOf(Dfg.FirstResult(inst)));
        }
    }

    protected override void EmitJump(int target)
    {
        ref MachineInst jump = ref Begin((ushort)A64Form.Jump);
        jump.Flags = MachineInstFlags.Terminator;
        jump.Data = target;
    }

    // A jump table of one target: its entries reach across the whole function, and its targets are landing pads.
    protected override VReg LoadBlockAddress(int block)
    {
        int table = JumpTables.Begin();
        JumpTables.AddTarget(block);
        VReg first = LoadInt(0);
        VReg address = Pseudo(A64Form.LoadTableTarget, 8, NewInt());
        Use(Operand.Use(first));
        Current.Data = table;
        return address;
    }

    protected override void EmitTrap(TrapCode code)
    {
        ref MachineInst trap = ref Begin((ushort)A64Form.Trap);
        trap.Flags = MachineInstFlags.Terminator;
        trap.Trap = code.Raw;
    }

    // f16 values are moved and converted, never computed with.
    protected override bool TakesHalf(Opcode opcode) => base.TakesHalf(opcode) || opcode is Opcode.Fpromote or Opcode.Fdemote;

    protected override void LowerScalar(Inst inst)
    {
        if (!LowerEffect(inst))
        {
            SetResult(inst, 0, LowerValue(inst));
        }
    }

    /// <summary>Instructions without exactly one result to return. False if it is none of them.</summary>
    private bool LowerEffect(Inst inst)
    {
        switch (Dfg[inst].Opcode)
        {
            case Opcode.Nop: return true;
            case Opcode.SequencePoint: return true;
            case Opcode.Debugtrap: LowerDebugtrap(); return true;
            case Opcode.Fence: LowerFence(); return true;
            case Opcode.Trapz: LowerCondTrap(inst, ifZero: true); return true;
            case Opcode.Trapnz: LowerCondTrap(inst, ifZero: false); return true;
            case Opcode.Call or Opcode.CallIndirect: LowerCall(inst); return true;
            case Opcode.Store: LowerStore(inst, TypeOf(Arg(inst, 0)).Bytes); return true;
            case Opcode.Istore8: LowerStore(inst, 1); return true;
            case Opcode.Istore16: LowerStore(inst, 2); return true;
            case Opcode.Istore32: LowerStore(inst, 4); return true;
            case Opcode.AtomicStore: LowerAtomicStore(inst); return true;
            case Opcode.UaddOverflow or Opcode.SaddOverflow or Opcode.UsubOverflow or Opcode.SsubOverflow: LowerAddSubOverflow(inst); return true;
            case Opcode.UmulOverflow: LowerMulOverflow(inst, signed: false); return true;
            case Opcode.SmulOverflow: LowerMulOverflow(inst, signed: true); return true;
            case Opcode.UaddOverflowCin or Opcode.SaddOverflowCin or Opcode.UsubOverflowBin or Opcode.SsubOverflowBin: LowerOverflowWithCarry(inst); return true;
            case Opcode.Isplit: LowerIsplit(inst); return true;
            case Opcode.SetPinnedReg: WriteRegister(Registers.Pinned, Put(Arg(inst, 0))); return true;
            default: return false;
        }
    }

    private VReg LowerValue(Inst inst)
    {
        Opcode opcode = Dfg[inst].Opcode;
        bool isFloat = Dfg[inst].Type.IsFloat;
        return opcode switch
        {
            Opcode.Iconst or Opcode.F16const or Opcode.F32const or Opcode.F64const => MaterializeConstant(inst).Low,

            Opcode.Iadd => LowerIadd(inst),
            Opcode.Isub => LowerIsub(inst),
            Opcode.Ineg => LowerIneg(inst),
            Opcode.Iabs => LowerIabs(inst),
            Opcode.Imul => LowerImul(inst),
            Opcode.Umulhi => LowerMulHigh(inst, signed: false),
            Opcode.Smulhi => LowerMulHigh(inst, signed: true),
            Opcode.Udiv => LowerDivision(inst, signed: false, remainder: false),
            Opcode.Sdiv => LowerDivision(inst, signed: true, remainder: false),
            Opcode.Urem => LowerDivision(inst, signed: false, remainder: true),
            Opcode.Srem => LowerDivision(inst, signed: true, remainder: true),
            Opcode.Smin => LowerMinMax(inst, Condition.Lt),
            Opcode.Smax => LowerMinMax(inst, Condition.Gt),
            Opcode.Umin => LowerMinMax(inst, Condition.Lo),
            Opcode.Umax => LowerMinMax(inst, Condition.Hi),
            Opcode.UaddOverflowTrap => LowerUaddOverflowTrap(inst),

            Opcode.Band or Opcode.Bor or Opcode.Bxor => isFloat ? LowerFloatLogic(inst) : LowerLogic(inst),
            Opcode.Bnot => isFloat ? LowerFloatLogic(inst) : LowerBnot(inst),
            Opcode.Bitselect => LowerBitselect(inst),
            Opcode.Ishl or Opcode.Ushr or Opcode.Sshr => LowerShift(inst),
            Opcode.Rotl => LowerRotate(inst, left: true),
            Opcode.Rotr => LowerRotate(inst, left: false),
            Opcode.Clz => LowerClz(inst),
            Opcode.Cls => LowerCls(inst),
            Opcode.Ctz => LowerCtz(inst),
            Opcode.Popcnt => LowerPopcnt(inst),
            Opcode.Bswap => LowerBswap(inst),
            Opcode.Bitrev => LowerBitrev(inst),

            Opcode.Uextend => LowerExtend(inst, signed: false),
            Opcode.Sextend => LowerExtend(inst, signed: true),
            Opcode.Ireduce => Put(Arg(inst, 0)),               // the bits above a type are unspecified
            Opcode.Iconcat => LowerIconcat(inst),
            Opcode.Bmask => LowerBmask(inst),
            Opcode.Bitcast => LowerBitcast(inst),

            Opcode.Icmp => LowerIcmp(inst),
            Opcode.Fcmp => LowerFcmp(inst),
            Opcode.Select => LowerSelect(inst),
            Opcode.SelectSpectreGuard => LowerSelectSpectreGuard(inst),

            Opcode.Fadd => LowerFloatBinary(inst, A64Form.Fadd),
            Opcode.Fsub => LowerFloatBinary(inst, A64Form.Fsub),
            Opcode.Fmul => LowerFloatBinary(inst, A64Form.Fmul),
            Opcode.Fdiv => LowerFloatBinary(inst, A64Form.Fdiv),
            Opcode.Fmin => LowerFloatBinary(inst, A64Form.Fmin),
            Opcode.Fmax => LowerFloatBinary(inst, A64Form.Fmax),
            Opcode.Sqrt => LowerFloatUnary(inst, A64Form.Fsqrt),
            Opcode.Fma => LowerFma(inst),
            Opcode.Fneg => LowerFneg(inst),
            Opcode.Fabs => LowerFloatUnary(inst, A64Form.Fabs),
            Opcode.Fcopysign => LowerFcopysign(inst),
            Opcode.Ceil => LowerFloatUnary(inst, A64Form.Frintp),
            Opcode.Floor => LowerFloatUnary(inst, A64Form.Frintm),
            Opcode.Trunc => LowerFloatUnary(inst, A64Form.Frintz),
            Opcode.Nearest => LowerFloatUnary(inst, A64Form.Frintn),
            Opcode.Fpromote or Opcode.Fdemote => LowerFloatToFloat(inst),
            Opcode.FcvtFromSint => LowerIntToFloat(inst, signed: true),
            Opcode.FcvtFromUint => LowerIntToFloat(inst, signed: false),
            Opcode.FcvtToSint => LowerFloatToInt(inst, signed: true, saturating: false),
            Opcode.FcvtToUint => LowerFloatToInt(inst, signed: false, saturating: false),
            Opcode.FcvtToSintSat => LowerFloatToInt(inst, signed: true, saturating: true),
            Opcode.FcvtToUintSat => LowerFloatToInt(inst, signed: false, saturating: true),

            Opcode.Load => LowerLoad(inst),
            Opcode.Uload8 => LowerExtendingLoad(inst, IrType.I8, signed: false),
            Opcode.Sload8 => LowerExtendingLoad(inst, IrType.I8, signed: true),
            Opcode.Uload16 => LowerExtendingLoad(inst, IrType.I16, signed: false),
            Opcode.Sload16 => LowerExtendingLoad(inst, IrType.I16, signed: true),
            Opcode.Uload32 => LowerExtendingLoad(inst, IrType.I32, signed: false),
            Opcode.Sload32 => LowerExtendingLoad(inst, IrType.I32, signed: true),
            Opcode.AtomicLoad => LowerAtomicLoad(inst),
            Opcode.AtomicRmw => LowerAtomicRmw(inst),
            Opcode.AtomicCas => LowerAtomicCas(inst),
            Opcode.StackAddr => LowerStackAddr(inst),
            Opcode.SymbolValue => LowerSymbolValue(inst),
            Opcode.FuncAddr => LowerFuncAddr(inst),
            Opcode.GetPinnedReg => ReadRegister(Registers.Pinned),
            Opcode.GetFramePointer => ReadRegister(Registers.Fp),
            Opcode.GetStackPointer => ReadRegister(Registers.Sp),
            Opcode.GetReturnAddress => LowerGetReturnAddress(),
            Opcode.GetExceptionHandlerAddress => LowerHandlerAddress(inst),
            Opcode.StackSwitch => LowerStackSwitch(inst),
            _ => Unsupported(inst),
        };
    }
}
