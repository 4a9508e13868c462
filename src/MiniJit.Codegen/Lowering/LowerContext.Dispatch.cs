// Which family of rules an instruction belongs to, by the types it works on: 128-bit integers, vectors or the rest. The families are the
// backends'; the types that one compiles are the same for all of them. Also the rules, and parts of rules, that no machine instruction is in.
using System;
using MiniJit.Codegen.Machine;
using MiniJit.IR;

namespace MiniJit.Codegen.Lowering;

internal abstract partial class LowerContext
{
    // ---- types

    /// <summary>Whether the type is an integer of at most 64 bits.</summary>
    protected static bool IsWord(IrType type) => type.IsInt && type.Bits <= 64;

    protected static bool IsInt128(IrType type) => type == IrType.I128;

    protected static bool IsScalarFloat(IrType type) => type == IrType.F32 || type == IrType.F64;

    /// <summary>Whether the type is a vector that backends compute with.</summary>
    protected static bool IsVector(IrType type) =>
        type.IsVector && type.Bits <= 128 && (type.HasIntLanes ? type.LaneBits <= 64 : type.LaneBits is 32 or 64);

    /// <summary>Whether values of the type fill a vector register or are worked on by lane.</summary>
    protected static bool IsPacked(IrType type) => IsVector(type) || type == IrType.F128;

    /// <summary>Whether the instruction passes its operands on and does not look into them.</summary>
    private static bool IsMove(Opcode opcode) => opcode is Opcode.F16const or Opcode.Bitcast or Opcode.Load or Opcode.Store or Opcode.Select
        or Opcode.SelectSpectreGuard or Opcode.Call or Opcode.CallIndirect;

    // ---- families

    private void Lower(Inst inst)
    {
        if (WorksOnInt128(inst))
        {
            if (!LowerInt128(inst))
            {
                Unsupported(inst);
            }
        }
        else if (!HasSupportedTypes(inst))
        {
            Unsupported(inst);
        }
        else if (WorksOnVectors(inst))
        {
            SetResult(inst, 0, LowerVector(inst));
        }
        else
        {
            LowerScalar(inst);
        }
    }

    private void LowerTerminator(Inst inst, ReadOnlySpan<int> targets)
    {
        switch (Dfg[inst].Opcode)
        {
            case Opcode.Jump: EmitJump(targets[0]); break;
            case Opcode.Brif: LowerBrif(inst, targets[0], targets[1]); break;
            case Opcode.BrTable: LowerBrTable(inst, targets); break;
            case Opcode.Return: LowerReturn(inst); break;
            case Opcode.ReturnCall or Opcode.ReturnCallIndirect: LowerTailCall(inst); break;
            case Opcode.Trap: EmitTrap(Dfg[inst].TrapCode); break;
            default: Unsupported(inst); break;
        }
    }

    /// <summary>Whether all operands and results are of types that the backend compiles.</summary>
    private bool HasSupportedTypes(Inst inst)
    {
        Opcode opcode = Dfg[inst].Opcode;
        foreach (Value arg in Dfg.Args(inst))
        {
            if (!IsSupported(TypeOf(Dfg.Resolve(arg)), opcode))
            {
                return false;
            }
        }

        foreach (Value result in Dfg.Results(inst))
        {
            if (!IsSupported(TypeOf(result), opcode))
            {
                return false;
            }
        }

        return true;
    }

    private bool IsSupported(IrType type, Opcode opcode) =>
        IsWord(type) || IsInt128(type) || IsScalarFloat(type) || IsPacked(type) || (type == IrType.F16 && TakesHalf(opcode));

    /// <summary>Whether the first operand or result is a 128-bit integer. Conditions and shift amounts of that type need no rules of their own.</summary>
    private bool WorksOnInt128(Inst inst)
    {
        Opcode opcode = Dfg[inst].Opcode;
        if (opcode is Opcode.Call or Opcode.CallIndirect)
        {
            return false;
        }

        ReadOnlySpan<Value> args = Dfg.Args(inst);
        bool isOperand = !args.IsEmpty && IsInt128(TypeOf(Dfg.Resolve(args[0]))) && opcode is not (Opcode.Select or Opcode.SelectSpectreGuard);
        return isOperand || (Dfg.Results(inst) is [var result, ..] && IsInt128(TypeOf(result)));
    }

    /// <summary>Whether the instruction computes with vectors. Calls, selection and plain loads and stores treat them as they do floats.</summary>
    private bool WorksOnVectors(Inst inst)
    {
        if (Dfg[inst].Opcode != Opcode.Bitcast && IsMove(Dfg[inst].Opcode))
        {
            return false;
        }

        foreach (Value arg in Dfg.Args(inst))
        {
            if (IsPacked(TypeOf(Dfg.Resolve(arg))))
            {
                return true;
            }
        }

        return Dfg.Results(inst) is [var result] && IsPacked(TypeOf(result));
    }

    // ---- parts of rules

    protected VReg LowerFuncAddr(Inst inst)
    {
        ref readonly ExtFuncData data = ref Function.ExtFuncs[Dfg[inst].FuncRef.Index];
        return LoadSymbol(data.Name, 0, data.IsColocated);
    }

    /// <summary>A jump table for the targets of a br_table, the default behind all others. Returns its handle.</summary>
    protected int AddJumpTable(ReadOnlySpan<int> targets)
    {
        int table = JumpTables.Begin();
        foreach (int target in targets[1..])
        {
            JumpTables.AddTarget(target);
        }

        JumpTables.AddTarget(targets[0]);
        return table;
    }

    // ---- the ISA's part

    /// <summary>Lowers an instruction on 128-bit integers. False if there is no rule for it.</summary>
    protected abstract bool LowerInt128(Inst inst);

    /// <summary>Lowers an instruction that computes with vectors.</summary>
    protected abstract VReg LowerVector(Inst inst);

    /// <summary>Lowers an instruction of neither kind and calls <see cref="SetResult"/> for its results.</summary>
    protected abstract void LowerScalar(Inst inst);

    /// <summary>Lowers a conditional branch to one of two machine blocks.</summary>
    protected abstract void LowerBrif(Inst inst, int then, int otherwise);

    /// <summary>Lowers a branch by table. Targets are machine blocks, the default first.</summary>
    protected abstract void LowerBrTable(Inst inst, ReadOnlySpan<int> targets);

    /// <summary>Emits an unconditional jump to a machine block.</summary>
    protected abstract void EmitJump(int target);

    /// <summary>The address of the code of a machine block.</summary>
    protected abstract VReg LoadBlockAddress(int block);

    /// <summary>Emits an unconditional trap.</summary>
    protected abstract void EmitTrap(TrapCode code);

    /// <summary>Whether the instruction takes and gives f16 values. They are moved, never computed with.</summary>
    protected virtual bool TakesHalf(Opcode opcode) => IsMove(opcode);

    /// <summary>What values of a dynamic vector type are worked on as.</summary>
    protected virtual IrType TypeOfDynamic(IrType type) => type;
}
