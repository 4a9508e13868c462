// Says whether a function obeys the rules of the language (reference, section 10), in the reference's order and words. Typing rules are
// not written here: they come from the opcode table. A function is walked once in layout order, so "defined before in this block" is a
// flag per instruction and everything else about dominance is one comparison in the dominator tree.
// A valid function costs no allocation once warm; texts are only made for errors.
using System;
using System.Collections.Generic;
using System.Text;
using MiniJit.IR.Analysis;
using MiniJit.IR.Collections;

namespace MiniJit.IR.Verification;

/// <summary>Checks functions. Reused for any number of them; not safe for use by several threads at once.</summary>
public sealed partial class Verifier
{
    private readonly ControlFlowGraph _ownCfg = new();
    private readonly DominatorTree _ownDominators = new();
    private readonly DiagnosticBag _unplaced = new();
    private Column<bool> _passed;                              // per instruction: the walk is past it
    private Column<int> _globalValueWalks;                     // per global value: the walk that met it, + 1
    private Column<ulong> _regionIds;

    // The function at hand; null between calls.
    private Function _function = null!;
    private DataFlowGraph _dfg = null!;
    private Layout _layout = null!;
    private DominatorTree _dominators = null!;
    private DiagnosticBag _diagnostics = null!;
    private VerifierOptions _options;
    private Block _block;
    private bool _isReachable;
    private bool _hasDebugTags;

    /// <summary>A verifier.</summary>
    public Verifier()
    {
    }

    /// <summary>Checks a function and reports every error with the entity that it is about.</summary>
    /// <param name="function">The function, which is not changed.</param>
    /// <param name="options">What is known of the target.</param>
    /// <param name="diagnostics">Where errors are added.</param>
    /// <returns>Whether the function is valid.</returns>
    public bool Verify(Function function, in VerifierOptions options, DiagnosticBag diagnostics)
    {
        _ownCfg.Compute(function);
        _ownDominators.Compute(function, _ownCfg);
        return Verify(function, _ownDominators, options, diagnostics);
    }

    /// <summary>Checks a function whose dominator tree is at hand.</summary>
    /// <param name="function">The function, which is not changed.</param>
    /// <param name="dominators">Its dominator tree.</param>
    /// <param name="options">What is known of the target.</param>
    /// <param name="diagnostics">Where errors are added.</param>
    /// <returns>Whether the function is valid.</returns>
    public bool Verify(Function function, DominatorTree dominators, in VerifierOptions options, DiagnosticBag diagnostics)
    {
        int before = diagnostics.Count;
        _function = function;
        _dfg = function.Dfg;
        _layout = function.Layout;
        _dominators = dominators;
        _diagnostics = diagnostics;
        _options = options;
        _hasDebugTags = function.DebugTagIndex.Count != 0;
        CheckGlobalValues();
        CheckAliasRegions();
        if (CheckEntry())
        {
            CheckSignatures();
            CheckBlocks();
        }

        return diagnostics.Count == before;
    }

    private void Report(EntityRef entity, string id, string message) => _diagnostics.Add(new(default, id, message, entity));

    private void Report(Inst inst, string id, string message) => Report(EntityRef.Of(inst), id, message);

    // ---- global values

    private void CheckGlobalValues()
    {
        ReadOnlySpan<GlobalValueData> table = _function.GlobalValues;
        _globalValueWalks.Fill(table.Length, 0);
        for (int i = 0; i < table.Length; i++)
        {
            GlobalValue value = GlobalValue.FromIndex(i);
            CheckCycle(value);
            switch (table[i].Kind)
            {
                case GlobalValueKind.VMContext:
                    if (!HasVMContext(_function.Signature.Params))
                    {
                        Report(EntityRef.Of(value), VerifierId.GlobalValue, $"undeclared vmctx reference {value}");
                    }

                    break;
                case GlobalValueKind.IAddImm:
                    CheckIAddImm(value, table[i]);
                    break;
                case GlobalValueKind.Load:
                    CheckLoad(value, table[i]);
                    break;
            }
        }
    }

    private static bool HasVMContext(List<AbiParam> parameters)
    {
        foreach (AbiParam param in parameters)
        {
            if (param.Purpose == ArgumentPurpose.VMContext)
            {
                return true;
            }
        }

        return false;
    }

    // Every value has at most one base. A walk that meets itself found a cycle; one that meets an earlier walk found nothing new.
    private void CheckCycle(GlobalValue start)
    {
        GlobalValue at = start;
        while (IsDeclared(at) && _globalValueWalks[at.Index] == 0)
        {
            _globalValueWalks[at.Index] = start.Index + 1;
            at = _function.GlobalValues[at.Index].Base;
        }

        if (!IsDeclared(at) || _globalValueWalks[at.Index] != start.Index + 1)
        {
            return;
        }

        GlobalValue first = at;
        for (GlobalValue member = _function.GlobalValues[at.Index].Base; member != at; member = _function.GlobalValues[member.Index].Base)
        {
            first = member.Index < first.Index ? member : first;
        }

        StringBuilder members = new(first.ToString());
        for (GlobalValue member = _function.GlobalValues[first.Index].Base; member != first; member = _function.GlobalValues[member.Index].Base)
        {
            members.Append(", ").Append(member);
        }

        Report(EntityRef.Of(first), VerifierId.GlobalValue, $"global value cycle: [{members}]");
    }

    private bool IsDeclared(GlobalValue value) => !value.IsNone && value.Index < _function.GlobalValues.Length;

    private void CheckIAddImm(GlobalValue value, in GlobalValueData data)
    {
        if (!data.Type.IsInt)
        {
            Report(EntityRef.Of(value), VerifierId.GlobalValue, $"iadd_imm global value with non-int type {data.Type}");
        }
        else if (_options.HasTarget && TypeOf(data.Base) != data.Type)
        {
            Report(EntityRef.Of(value), VerifierId.GlobalValue, $"iadd_imm type {data.Type} differs from operand type {TypeOf(data.Base)}");
        }
    }

    private void CheckLoad(GlobalValue value, in GlobalValueData data)
    {
        if (_options.HasTarget && TypeOf(data.Base) != _options.PointerType)
        {
            string problem = $"base {data.Base} has type {TypeOf(data.Base)}, which is not the pointer type {_options.PointerType}";
            Report(EntityRef.Of(value), VerifierId.GlobalValue, problem);
        }

        CheckRegion(EntityRef.Of(value), data.Flags);
    }

    private IrType TypeOf(GlobalValue value) =>
        IsDeclared(value) && _function.GlobalValues[value.Index].Kind is GlobalValueKind.Load or GlobalValueKind.IAddImm
            ? _function.GlobalValues[value.Index].Type
            : _options.PointerType;

    // ---- alias regions

    private void CheckAliasRegions()
    {
        ReadOnlySpan<AliasRegionData> regions = _function.AliasRegions;
        _regionIds.Clear();
        for (int i = 0; i < regions.Length; i++)
        {
            _regionIds.Add(((ulong)regions[i].UserId << 32) | (uint)i);
        }

        Span<ulong> sorted = _regionIds.Span;
        sorted.Sort();
        int first = 0;
        for (int i = 1; i < sorted.Length; i++)
        {
            if (sorted[i] >> 32 != sorted[first] >> 32)
            {
                first = i;
                continue;
            }

            AliasRegion one = AliasRegion.FromIndex((int)sorted[first]), other = AliasRegion.FromIndex((int)sorted[i]);
            Report(EntityRef.Of(other), VerifierId.AliasRegion, $"duplicate alias region user_id {sorted[i] >> 32}: {one} and {other}");
        }
    }

    private void CheckRegion(EntityRef user, MemFlags flags)
    {
        if (!flags.Region.IsNone && flags.Region.Index >= _function.AliasRegions.Length)
        {
            Report(user, VerifierId.AliasRegion, $"undefined alias region {flags.Region}");
        }
    }

    // ---- entry block and signatures

    private bool CheckEntry()
    {
        Block entry = _layout.EntryBlock;
        if (entry.IsNone)
        {
            return true;
        }

        ReadOnlySpan<Value> parameters = _dfg.Params(entry);
        List<AbiParam> expected = _function.Signature.Params;
        if (parameters.Length != expected.Count)
        {
            Report(EntityRef.Of(entry), VerifierId.EntryBlock, $"entry block parameters ({parameters.Length}) must match function signature ({expected.Count})");
            return false;
        }

        for (int i = 0; i < parameters.Length; i++)
        {
            IrType type = _dfg.TypeOf(parameters[i]);
            if (type != expected[i].Type)
            {
                Report(EntityRef.Of(entry), VerifierId.EntryBlock, $"entry block parameter {i} expected to have type {expected[i].Type}, got {type}");
            }
        }

        if (_dfg.IsCold(entry))
        {
            Report(EntityRef.Of(entry), VerifierId.EntryBlock, "entry block cannot be marked as cold");
        }

        return true;
    }

    // A signature written with a function is reported there, and only there.
    private void CheckSignatures()
    {
        CheckSignature(EntityRef.Function, _function.Signature);
        ReadOnlySpan<ExtFuncData> functions = _function.ExtFuncs;
        for (int i = 0; i < functions.Length; i++)
        {
            if (IsDeclared(functions[i].Signature))
            {
                CheckPreserveAll(new(EntityKind.FuncRef, i), _function.Signatures[functions[i].Signature.Index]);
            }
        }

        for (int i = 0; i < _function.Signatures.Count; i++)
        {
            if (_function.Signatures[i].CallConv == CallConv.PreserveAll && !IsUsedByFunction(SigRef.FromIndex(i)))
            {
                CheckPreserveAll(new(EntityKind.SigRef, i), _function.Signatures[i]);
            }

            CheckParams(new(EntityKind.SigRef, i), _function.Signatures[i]);
        }
    }

    private bool IsDeclared(SigRef signature) => !signature.IsNone && signature.Index < _function.Signatures.Count;

    private bool IsUsedByFunction(SigRef signature)
    {
        foreach (ExtFuncData function in _function.ExtFuncs)
        {
            if (function.Signature == signature)
            {
                return true;
            }
        }

        return false;
    }

    private void CheckSignature(EntityRef entity, Signature signature)
    {
        CheckParams(entity, signature);
        CheckPreserveAll(entity, signature);
    }

    private void CheckParams(EntityRef entity, Signature signature)
    {
        for (int i = 0; i < signature.Params.Count; i++)
        {
            AbiParam param = signature.Params[i];
            if (param.Extension != ArgumentExtension.None && !param.Type.IsInt)
            {
                Report(entity, VerifierId.Signature, $"Parameter at position {i} has invalid extension {param.Extension}");
            }
        }

        for (int i = 0; i < signature.Returns.Count; i++)
        {
            AbiParam result = signature.Returns[i];
            if (result.Purpose == ArgumentPurpose.StructArgument)
            {
                Report(entity, VerifierId.Signature, $"Return value at position {i} can't be an struct argument");
            }

            if (result.Extension != ArgumentExtension.None && !result.Type.IsInt)
            {
                Report(entity, VerifierId.Signature, $"Return value at position {i} has invalid extension {result.Extension}");
            }
        }
    }

    private void CheckPreserveAll(EntityRef entity, Signature signature)
    {
        if (signature.CallConv == CallConv.PreserveAll && signature.Returns.Count != 0)
        {
            Report(entity, VerifierId.Signature, "Signature with `preserve_all` ABI cannot have return values");
        }
    }

    // ---- blocks

    private void CheckBlocks()
    {
        _passed.Fill(_dfg.InstCount, false);
        for (_block = _layout.EntryBlock; !_block.IsNone; _block = _layout.Next(_block))
        {
            _isReachable = _dominators.IsReachable(_block);
            Inst last = _layout.LastInst(_block);
            if (last.IsNone)
            {
                Report(EntityRef.Of(_block), VerifierId.BlockShape, $"{_block} cannot be empty");
                continue;
            }

            for (Inst inst = _layout.FirstInst(_block); !inst.IsNone; inst = _layout.Next(inst))
            {
                OpcodeInfo info = _dfg[inst].Opcode.Info();
                if (info.Has(OpcodeTraits.Terminator) != (inst == last))
                {
                    ReportBadEnd(inst, inst == last);
                }

                CheckInst(inst, info);
                _passed[inst.Index] = true;
            }
        }
    }

    private void ReportBadEnd(Inst inst, bool isLast)
    {
        if (isLast)
        {
            Report(EntityRef.Of(_block), VerifierId.BlockShape, "block does not end in a terminator instruction");
        }
        else
        {
            Report(inst, VerifierId.BlockShape, $"a terminator instruction was encountered before the end of {_block}");
        }
    }
}
