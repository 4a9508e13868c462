// The dispatch from opcodes to lowering rules.
using System;
using MiniJit.Codegen.Lowering;
using MiniJit.Codegen.Machine;
using MiniJit.IR;

namespace MiniJit.Backend.X64;

internal sealed partial class X64LowerContext
{
    private const int RoundNearest = 8, RoundDown = 9, RoundUp = 10, RoundToZero = 11;   // bit 3: no precision exception

    protected override ValueRegs MaterializeConstant(Inst inst)
    {
        ref InstructionData data = ref Dfg[inst];
        switch (data.Opcode)
        {
            case Opcode.Iconst:
                return LoadInt(data.Imm, data.Type.Bytes);
            case Opcode.F16const or Opcode.F32const:
                return LoadFloat(data.FloatBits, 4);
            case Opcode.F64const:
                return LoadFloat(data.FloatBits, 8);
            case Opcode.Vconst when IsVector(data.Type):
            case Opcode.F128const:
                return LoadVectorConstant(Function.ConstantData(data.Constant));
            default:
                Unsupported(inst);
                return NewRegs(TypeOf(Dfg.FirstResult(inst)));
        }
    }

    protected override void EmitJump(int target)
    {
        ref MachineInst jump = ref Begin((ushort)X64Form.JmpLabel);
        jump.Flags = MachineInstFlags.Terminator;
        jump.Data = target;
    }

    protected override VReg LoadBlockAddress(int block) => Lea(8, Mem.Label(block));

    protected override void EmitTrap(TrapCode code)
    {
        ref MachineInst trap = ref Begin((ushort)X64Form.Ud2);
        trap.Flags = MachineInstFlags.Terminator;
        trap.Trap = code.Raw;
    }

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
            case Opcode.Debugtrap: Emit(X64Form.Int3, 0, []); return true;
            case Opcode.Fence: Emit(X64Form.Mfence, 0, []); return true;
            case Opcode.Trapz: LowerCondTrap(inst, ifZero: true); return true;
            case Opcode.Trapnz: LowerCondTrap(inst, ifZero: false); return true;
            case Opcode.Call or Opcode.CallIndirect: LowerCall(inst); return true;
            case Opcode.Store: LowerStore(inst, TypeOf(Arg(inst, 0)).Bytes); return true;
            case Opcode.Istore8: LowerStore(inst, 1); return true;
            case Opcode.Istore16: LowerStore(inst, 2); return true;
            case Opcode.Istore32: LowerStore(inst, 4); return true;
            case Opcode.AtomicStore: LowerAtomicStore(inst); return true;
            case Opcode.UaddOverflow: LowerAddSubOverflow(inst, AluOp.Add, Condition.Below); return true;
            case Opcode.SaddOverflow: LowerAddSubOverflow(inst, AluOp.Add, Condition.Overflow); return true;
            case Opcode.UsubOverflow: LowerAddSubOverflow(inst, AluOp.Sub, Condition.Below); return true;
            case Opcode.SsubOverflow: LowerAddSubOverflow(inst, AluOp.Sub, Condition.Overflow); return true;
            case Opcode.UmulOverflow: LowerMulOverflow(inst, signed: false); return true;
            case Opcode.SmulOverflow: LowerMulOverflow(inst, signed: true); return true;
            case Opcode.UaddOverflowCin: LowerOverflowWithCarry(inst, AluOp.Adc, Condition.Below); return true;
            case Opcode.SaddOverflowCin: LowerOverflowWithCarry(inst, AluOp.Adc, Condition.Overflow); return true;
            case Opcode.UsubOverflowBin: LowerOverflowWithCarry(inst, AluOp.Sbb, Condition.Below); return true;
            case Opcode.SsubOverflowBin: LowerOverflowWithCarry(inst, AluOp.Sbb, Condition.Overflow); return true;
            case Opcode.Isplit: SplitWord(inst); return true;
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
            Opcode.Smin => LowerMinMax(inst, Condition.Greater),
            Opcode.Smax => LowerMinMax(inst, Condition.Less),
            Opcode.Umin => LowerMinMax(inst, Condition.Above),
            Opcode.Umax => LowerMinMax(inst, Condition.Below),
            Opcode.UaddOverflowTrap => LowerUaddOverflowTrap(inst),

            Opcode.Band => isFloat ? LowerFloatLogic(inst, X64Form.Andps) : LowerLogic(inst, AluOp.And),
            Opcode.Bor => isFloat ? LowerFloatLogic(inst, X64Form.Orps) : LowerLogic(inst, AluOp.Or),
            Opcode.Bxor => isFloat ? LowerFloatLogic(inst, X64Form.Xorps) : LowerLogic(inst, AluOp.Xor),
            Opcode.Bnot => isFloat ? LowerFloatNot(inst) : LowerBnot(inst),
            Opcode.Bitselect => LowerBitselect(inst),
            Opcode.Ishl => LowerShift(inst, X64Form.ShlMi, X64Form.ShlCl, X64Form.Shlx),
            Opcode.Ushr => LowerShift(inst, X64Form.ShrMi, X64Form.ShrCl, X64Form.Shrx),
            Opcode.Sshr => LowerShift(inst, X64Form.SarMi, X64Form.SarCl, X64Form.Sarx),
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
            Opcode.Select or Opcode.SelectSpectreGuard => LowerSelect(inst),

            Opcode.Fadd => LowerFloatBinary(inst, X64Form.Addss),
            Opcode.Fsub => LowerFloatBinary(inst, X64Form.Subss),
            Opcode.Fmul => LowerFloatBinary(inst, X64Form.Mulss),
            Opcode.Fdiv => LowerFloatBinary(inst, X64Form.Divss),
            Opcode.Fmin => LowerFloatMinMax(inst, X64Form.Minss, X64Form.Orps),
            Opcode.Fmax => LowerFloatMinMax(inst, X64Form.Maxss, X64Form.Andps),
            Opcode.Sqrt => LowerSqrt(inst),
            Opcode.Fma => LowerFma(inst),
            Opcode.Fneg => LowerFneg(inst),
            Opcode.Fabs => LowerFabs(inst),
            Opcode.Fcopysign => LowerFcopysign(inst),
            Opcode.Ceil => LowerRounding(inst, RoundUp, LibCall.CeilF32),
            Opcode.Floor => LowerRounding(inst, RoundDown, LibCall.FloorF32),
            Opcode.Trunc => LowerRounding(inst, RoundToZero, LibCall.TruncF32),
            Opcode.Nearest => LowerRounding(inst, RoundNearest, LibCall.NearestF32),
            Opcode.Fpromote => LowerFloatToFloat(inst, X64Form.Cvtss2sd),
            Opcode.Fdemote => LowerFloatToFloat(inst, X64Form.Cvtsd2ss),
            Opcode.FcvtFromSint => LowerIntToFloat(inst, signed: true),
            Opcode.FcvtFromUint => LowerIntToFloat(inst, signed: false),
            Opcode.FcvtToSint => LowerFloatToInt(inst, X64Form.CvtToSintTrap),
            Opcode.FcvtToUint => LowerFloatToInt(inst, X64Form.CvtToUintTrap),
            Opcode.FcvtToSintSat => LowerFloatToInt(inst, X64Form.CvtToSintSat),
            Opcode.FcvtToUintSat => LowerFloatToInt(inst, X64Form.CvtToUintSat),

            Opcode.Load => LowerLoad(inst),
            Opcode.Uload8 => LowerExtendingLoad(inst, IrType.I8, signed: false),
            Opcode.Sload8 => LowerExtendingLoad(inst, IrType.I8, signed: true),
            Opcode.Uload16 => LowerExtendingLoad(inst, IrType.I16, signed: false),
            Opcode.Sload16 => LowerExtendingLoad(inst, IrType.I16, signed: true),
            Opcode.Uload32 => LowerExtendingLoad(inst, IrType.I32, signed: false),
            Opcode.Sload32 => LowerExtendingLoad(inst, IrType.I32, signed: true),
            Opcode.AtomicLoad => LowerLoad(inst),
            Opcode.AtomicRmw => LowerAtomicRmw(inst),
            Opcode.AtomicCas => LowerAtomicCas(inst),
            Opcode.StackAddr => LowerStackAddr(inst),
            Opcode.SymbolValue => LowerSymbolValue(inst),
            Opcode.FuncAddr => LowerFuncAddr(inst),
            Opcode.GetPinnedReg => ReadRegister(Registers.Pinned),
            Opcode.GetFramePointer => ReadRegister(Registers.Rbp),
            Opcode.GetStackPointer => ReadRegister(Registers.Rsp),
            Opcode.GetReturnAddress => LoadFrom(IrType.I64, Mem.FramePointer(8)),
            Opcode.GetExceptionHandlerAddress => LowerHandlerAddress(inst),
            Opcode.StackSwitch => LowerStackSwitch(inst),
            _ => Unsupported(inst),
        };
    }

    private VReg ReadRegister(PReg register)
    {
        VReg result = Pseudo(X64Form.ReadRegister, 8, NewInt());
        Current.Data = register.Number;
        return result;
    }

    private void WriteRegister(PReg register, VReg value)
    {
        Begin((ushort)X64Form.WriteRegister, 8);
        Use(Operand.Use(value));
        Current.Data = register.Number;
    }
}
