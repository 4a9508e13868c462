// Canonical CLIF (language reference, section 9), its oddities included: test expectations compare this text. The text goes
// into one reusable buffer; a warm printer allocates nothing but what the caller asks for as a string.
using System;
using System.Collections.Generic;
using System.Globalization;
using MiniJit.IR.Collections;

namespace MiniJit.IR;

/// <summary>Writes functions as text. An instance keeps its buffers; used by one thread at a time.</summary>
public sealed partial class Printer
{
    private const int PlainIndent = 4;
    private const int LocatedIndent = 36;                      // room for debug tags and source locations

    private readonly TextBuffer _out;
    private Column<uint> _firstAlias, _nextAlias;              // per value, raw: aliases of it, in ascending order
    private Column<Value> _pendingAliases;
    private Column<bool> _written;                             // per instruction; empty when one is printed on its own
    private bool _hasAliases;

    /// <summary>A printer with a buffer of its own.</summary>
    public Printer()
        : this(new TextBuffer())
    {
    }

    internal Printer(TextBuffer output) => _out = output;

    internal TextBuffer Output => _out;

    /// <summary>The function's text.</summary>
    public static string Print(Function function)
    {
        Printer printer = new();
        printer.Write(function);
        return printer._out.ToString();
    }

    /// <summary>The function's text with each error below the line that it is about, and the verdict at the end.</summary>
    public static string Print(Function function, IReadOnlyList<Diagnostic> errors)
    {
        Printer printer = new();
        printer.Write(function, errors);
        string plural = errors.Count == 1 ? "" : "s";
        printer._out.Append("\n; ").Append(errors.Count).Append(" verifier error").Append(plural).Append(" detected (see above). Compilation aborted.\n");
        return printer._out.ToString();
    }

    /// <summary>One instruction without indentation and line end.</summary>
    public static string Print(Function function, Inst inst)
    {
        Printer printer = new();
        printer.WriteInst(function, inst);
        return printer._out.ToString();
    }

    /// <summary>Appends the function's text to <see cref="Output"/>.</summary>
    internal void Write(Function function, IReadOnlyList<Diagnostic>? errors = null)
    {
        LinkAliases(function);
        _written.Fill(function.Dfg.InstCount, false);
        WriteHead(function);
        WriteErrors(errors, EntityRef.Function);
        bool blankLine = WritePreamble(function, errors);
        int indent = HasPrefixes(function) ? LocatedIndent : PlainIndent;
        for (Block block = function.Layout.EntryBlock; !block.IsNone; block = function.Layout.Next(block))
        {
            if (blankLine)
            {
                _out.Append('\n');
            }

            blankLine = true;
            WriteBlockHeader(function, block, indent - PlainIndent);
            _out.Append('\n');
            WriteErrors(errors, EntityRef.Of(block));
            foreach (Value param in function.Dfg.Params(block))
            {
                WriteAliases(param, indent);
            }

            for (Inst inst = function.Layout.FirstInst(block); !inst.IsNone; inst = function.Layout.Next(inst))
            {
                WriteLine(function, inst, indent);
                WriteErrors(errors, EntityRef.Of(inst));
                _written[inst.Index] = true;
            }
        }

        _written.Clear();
        _out.Append("}\n");
    }

    /// <summary>Appends <c>block0(v0: i32) cold:</c> without a line end.</summary>
    internal void WriteBlockHeader(Function function, Block block, int indent = 0)
    {
        _out.Append(' ', indent).AppendEntity("block", block.Index);
        ReadOnlySpan<Value> parameters = function.Dfg.Params(block);
        for (int i = 0; i < parameters.Length; i++)
        {
            _out.Append(i == 0 ? "(" : ", ").AppendEntity("v", parameters[i].Index).Append(": ");
            WriteType(function.Dfg.TypeOf(parameters[i]));
        }

        _out.Append(parameters.IsEmpty ? "" : ")").Append(function.Dfg.IsCold(block) ? " cold:" : ":");
    }

    private void WriteErrors(IReadOnlyList<Diagnostic>? errors, EntityRef entity)
    {
        for (int i = 0; errors is not null && i < errors.Count; i++)
        {
            if (errors[i].Entity == entity || (errors[i].Entity.IsNone && entity == EntityRef.Function))
            {
                _out.Append("; error: ").Append(entity.ToString()).Append(": ").Append(errors[i].Message).Append('\n');
            }
        }
    }

    private void WriteType(IrType type) => _out.Append(TypeNames.Of(type));

    // ---- the lines of a block

    private static bool HasPrefixes(Function function)
    {
        if (function.DebugTagIndex.Count > 0)
        {
            return true;
        }

        foreach (uint location in function.SourceLocs.Span)
        {
            if (location != 0)
            {
                return true;
            }
        }

        return false;
    }

    private void WriteLine(Function function, Inst inst, int indent)
    {
        int start = _out.Length;
        WriteTags(function, inst);
        if (function.TryGetSourceLoc(inst, out uint location))
        {
            _out.Append('@').Append(location, "x4").Append(' ');
        }

        _out.Append(' ', Math.Max(0, indent - (_out.Length - start)));
        WriteInst(function, inst);
        _out.Append('\n');
        foreach (Value result in function.Dfg.Results(inst))
        {
            WriteAliases(result, indent);
        }
    }

    private void WriteTags(Function function, Inst inst)
    {
        ReadOnlySpan<DebugTag> tags = function.DebugTagsOf(inst);
        for (int i = 0; i < tags.Length; i++)
        {
            _out.Append(i == 0 ? "<" : ", ");
            if (tags[i].Slot.IsNone)
            {
                _out.Append(tags[i].Number);
            }
            else
            {
                _out.AppendEntity("ss", tags[i].Slot.Index);
            }
        }

        _out.Append(tags.IsEmpty ? "" : "> ");
    }

    // ---- aliases

    private void LinkAliases(Function function)
    {
        _hasAliases = false;
        DataFlowGraph dfg = function.Dfg;
        for (int i = dfg.ValueCount - 1; i >= 0; i--)          // descending, as each goes to the front of its list
        {
            Value alias = Value.FromIndex(i);
            Value target = dfg.AliasTarget(alias);
            if (target.IsNone)
            {
                continue;
            }

            if (!_hasAliases)
            {
                _firstAlias.Fill(dfg.ValueCount, 0);
                _nextAlias.Fill(dfg.ValueCount, 0);
                _hasAliases = true;
            }

            _nextAlias[i] = _firstAlias[target.Index];
            _firstAlias[target.Index] = alias.Raw;
        }
    }

    private void WriteAliases(Value value, int indent)
    {
        if (!_hasAliases)
        {
            return;
        }

        _pendingAliases.Clear();
        _pendingAliases.Add(value);
        while (_pendingAliases.Count > 0)
        {
            Value target = _pendingAliases.RemoveLast();
            for (Value alias = new(_firstAlias[target.Index]); !alias.IsNone; alias = new(_nextAlias[alias.Index]))
            {
                _out.Append(' ', indent).AppendEntity("v", alias.Index).Append(" -> ").AppendEntity("v", target.Index).Append('\n');
                _pendingAliases.Add(alias);
            }
        }
    }

    // ---- preamble

    private void WriteHead(Function function)
    {
        _out.Append("function ").Append(function.Name.ToString());
        WriteSignature(function.Signature);
        _out.Append(" {\n");
    }

    private void WriteSignature(Signature signature)
    {
        _out.Append('(');
        WriteParams(signature.Params);
        _out.Append(signature.Returns.Count > 0 ? ") -> " : ")");
        WriteParams(signature.Returns);
        _out.Append(' ').Append(signature.CallConv.Text());
    }

    private void WriteParams(List<AbiParam> list)
    {
        for (int i = 0; i < list.Count; i++)
        {
            AbiParam param = list[i];
            _out.Append(i == 0 ? "" : ", ");
            WriteType(param.Type);
            _out.Append(param.Extension switch
            {
                ArgumentExtension.Uext => " uext",
                ArgumentExtension.Sext => " sext",
                _ => "",
            });
            switch (param.Purpose)
            {
                case ArgumentPurpose.StructArgument:
                    _out.Append(" sarg(").Append(param.StructSize).Append(')');
                    break;
                case ArgumentPurpose.StructReturn:
                    _out.Append(" sret");
                    break;
                case ArgumentPurpose.VMContext:
                    _out.Append(" vmctx");
                    break;
            }
        }
    }

    private bool WritePreamble(Function function, IReadOnlyList<Diagnostic>? errors)
    {
        int start = _out.Length;
        ReadOnlySpan<DynamicType> dynamicSlots = function.DynamicStackSlots;
        for (int i = 0; i < dynamicSlots.Length; i++)
        {
            BeginDeclaration("dss", i).Append("explicit_dynamic_slot ").AppendEntity("dt", Math.Max(0, dynamicSlots[i].Index)).Append('\n');
        }

        ReadOnlySpan<StackSlotData> slots = function.StackSlots;
        for (int i = 0; i < slots.Length; i++)
        {
            BeginDeclaration("ss", i);
            WriteStackSlot(slots[i]);
            _out.Append('\n');
        }

        ReadOnlySpan<AliasRegionData> regions = function.AliasRegions;
        for (int i = 0; i < regions.Length; i++)
        {
            BeginDeclaration("region", i).Append(regions[i].UserId).Append(" \"").Append(regions[i].Description).Append("\"\n");
            WriteErrors(errors, new(EntityKind.AliasRegion, i));
        }

        ReadOnlySpan<GlobalValueData> globals = function.GlobalValues;
        for (int i = 0; i < globals.Length; i++)
        {
            BeginDeclaration("gv", i);
            WriteGlobalValue(function, globals[i]);
            _out.Append('\n');
            WriteErrors(errors, new(EntityKind.GlobalValue, i));
        }

        for (int i = 0; i < function.SignatureList.Count; i++)
        {
            BeginDeclaration("sig", i);
            WriteSignature(function.Signatures[i]);
            _out.Append('\n');
            WriteErrors(errors, new(EntityKind.SigRef, i));
        }

        ReadOnlySpan<ExtFuncData> functions = function.ExtFuncs;
        for (int i = 0; i < functions.Length; i++)
        {
            if (!functions[i].Signature.IsNone)
            {
                BeginDeclaration("fn", i).Append(functions[i].IsColocated ? "colocated " : "").Append(functions[i].IsPatchable ? "patchable " : "")
                    .Append(functions[i].Name.ToString()).Append(' ').AppendEntity("sig", functions[i].Signature.Index).Append('\n');
                WriteErrors(errors, new(EntityKind.FuncRef, i));
            }
        }

        WriteConstants(function);
        if (!function.StackLimit.IsNone)
        {
            _out.Append("    stack_limit = ").AppendEntity("gv", function.StackLimit.Index).Append('\n');
        }

        return _out.Length > start;
    }

    private TextBuffer BeginDeclaration(string prefix, int index) => _out.Append(' ', PlainIndent).AppendEntity(prefix, index).Append(" = ");

    private void WriteStackSlot(in StackSlotData slot)
    {
        _out.Append("explicit_slot ").Append(slot.Size);
        if (slot.AlignShift > 0)
        {
            _out.Append(", align = ").Append(1u << slot.AlignShift);
        }

        if (slot.HasKey)
        {
            _out.Append(", key = ").Append(slot.Key);
        }
    }

    private void WriteGlobalValue(Function function, in GlobalValueData data)
    {
        switch (data.Kind)
        {
            case GlobalValueKind.VMContext:
                _out.Append("vmctx");
                break;
            case GlobalValueKind.Load:
                _out.Append("load.").Append(TypeNames.Of(data.Type));
                WriteMemFlags(data.Flags);
                _out.Append(' ').AppendEntity("gv", data.Base.Index);
                NumberText.AppendOffset(_out, data.Offset);
                break;
            case GlobalValueKind.IAddImm:
                _out.Append("iadd_imm.").Append(TypeNames.Of(data.Type)).Append(' ').AppendEntity("gv", data.Base.Index).Append(", ");
                NumberText.AppendImm64(_out, data.Offset);
                break;
            case GlobalValueKind.Symbol:
                _out.Append("symbol ").Append(data.IsColocated ? "colocated " : "").Append(data.IsThreadLocal ? "tls " : "");
                WriteSymbolName(function, data.Name);
                NumberText.AppendOffset(_out, data.Offset);
                break;
            case GlobalValueKind.DynScaleTargetConst:
                _out.Append("dyn_scale_target_const.").Append(TypeNames.Of(data.Type));
                break;
            default:
                _out.Append("symbol %");
                break;
        }
    }

    // User names print as the number under which the function knows them.
    private void WriteSymbolName(Function function, ExternalName name)
    {
        int index = name.Kind == ExternalNameKind.User ? function.UserNames.IndexOf(name) : -1;
        if (index >= 0)
        {
            _out.AppendEntity("userextname", index);
        }
        else
        {
            _out.Append(name.ToString());
        }
    }

    private void WriteConstants(Function function)
    {
        for (int i = 0; i < function.ConstantCount; i++)
        {
            ReadOnlySpan<byte> bytes = function.ConstantData(Constant.FromIndex(i));
            if (!bytes.IsEmpty)
            {
                BeginDeclaration("const", i);
                NumberText.AppendHexBytes(_out, bytes);
                _out.Append('\n');
            }
        }
    }
}

/// <summary>The names of all types, made once.</summary>
internal static class TypeNames
{
    private static readonly string[] s_names = Make();

    public static string Of(IrType type) => s_names[type.Raw];

    private static string[] Make()
    {
        string[] names = new string[IrType.RawLimit];
        for (int i = 0; i < names.Length; i++)
        {
            names[i] = IrType.FromRaw((byte)i).ToString();
        }

        return names;
    }
}
