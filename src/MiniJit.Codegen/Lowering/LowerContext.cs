// What lowering rules see: the function, use counts and matchers on one side, the machine code under construction on the other.
//
// The driver walks blocks in reverse layout order and instructions bottom-up, so when a rule runs, every use of its results has been
// lowered already. An instruction without effects none of whose results were asked for (Put) is never emitted: it was dead, or
// every user folded it. Within one instruction a rule emits machine instructions top-down; the driver keeps them as a
// group and appends groups in reverse, and one final reversal puts the whole function right.
//
// Folding a load into its user moves the load: it is allowed only when the user is its only use and no instruction with an effect stands
// between them. "Between" is told by colours: a counter over the block that goes up after each such instruction.
using System;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using MiniJit.Codegen.Emission;
using MiniJit.Codegen.Machine;
using MiniJit.Codegen.Settings;
using MiniJit.IR;
using MiniJit.IR.Collections;

namespace MiniJit.Codegen.Lowering;

/// <summary>How often a value is used by instructions, saturating.</summary>
internal enum UseCount : byte
{
    None,
    Once,

    /// <summary>Once, by something that is used many times and so might be emitted more than once.</summary>
    OnceByMany,
    Many,
}

/// <summary>State and services of lowering that no ISA owns. One per compile context, reused.</summary>
internal abstract partial class LowerContext(SharedSettings settings, CallConv libraryConvention)
{
    private Column<ValueRegs> _valueRegs;                      // by value: what users refer to
    private Column<UseCount> _useCounts;                       // by value
    private Column<bool> _isNeeded;                            // by value: some lowered user asked for the register
    private Column<uint> _colors;                              // by instruction: colour on entry
    private Column<bool> _isSunk;                              // by instruction: emitted as part of its user
    private Column<VReg> _aliases;                             // by register: the register that it became, or none
    private Column<MachineInst> _group;                        // machine instructions of the IR instruction being lowered
    private Column<Value> _worklist;
    private uint _currentColor;
    private uint _currentLoc;

    /// <summary>The settings that all targets share.</summary>
    protected SharedSettings Settings => settings;

    /// <summary>The function being lowered.</summary>
    public Function Function { get; private set; } = null!;

    public DataFlowGraph Dfg { get; private set; } = null!;

    /// <summary>The code being built.</summary>
    public VCode Code { get; } = new();

    /// <summary>Read-only data that the code mentions.</summary>
    public ConstantPool Constants { get; } = new();

    /// <summary>Targets of br_table, by machine block.</summary>
    public JumpTables JumpTables { get; } = new();

    /// <summary>Symbols that the code mentions, by handle.</summary>
    public Column<ExternalName> Symbols;

    /// <summary>Where declared stack slots lie in the slot area, in bytes.</summary>
    public Column<int> StackSlotOffsets;

    /// <summary>Size of the slot area.</summary>
    public int StackSlotSize { get; private set; }

    /// <summary>Bytes of outgoing stack arguments and return areas that calls need.</summary>
    public int OutgoingArgSize { get; private set; }

    /// <summary>What could not be lowered, or null.</summary>
    public string? Error { get; private set; }

    // ---- matchers: pure, and named for what they recognise

    /// <summary>The type of a value; of a dynamic vector, the type that it is worked on as.</summary>
    public IrType TypeOf(Value value)
    {
        IrType type = Dfg.TypeOf(value);
        return type.IsDynamicVector ? TypeOfDynamic(type) : type;
    }

    /// <summary>Operand <paramref name="index"/> of the instruction, behind all aliases.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Value Arg(Inst inst, int index) => Dfg.Resolve(Dfg.Args(inst)[index]);

    /// <summary>The instruction that defines the value, if it has this opcode; otherwise none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Inst DefBy(Value value, Opcode opcode)
    {
        Inst inst = Dfg.DefInst(value);
        return !inst.IsNone && Dfg[inst].Opcode == opcode ? inst : default;
    }

    /// <summary>The instruction that defines the value, or none.</summary>
    public Inst Def(Value value) => Dfg.DefInst(value);

    /// <summary>The value of an iconst, sign-extended.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Const(Value value, out long constant)
    {
        Inst inst = Dfg.DefInst(value);
        if (!inst.IsNone && Dfg[inst].Opcode == Opcode.Iconst)
        {
            constant = Dfg[inst].Imm;
            return true;
        }

        constant = 0;
        return false;
    }

    /// <summary>The value of an iconst that fits 32 bits sign-extended.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Const32(Value value, out int constant)
    {
        bool found = Const(value, out long wide) && wide == (int)wide;
        constant = (int)wide;
        return found;
    }

    /// <summary>Whether the value has one use: folding its definition into that user saves the instruction.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool HasOneUse(Value value) => _useCounts[value.Index] == UseCount.Once;

    /// <summary>
    /// Whether one instruction uses the value: folding its definition there saves the instruction, unless that instruction is folded into several in its
    /// turn. Enough for what costs little when it is done twice.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool HasOneUser(Value value) => _useCounts[value.Index] is UseCount.Once or UseCount.OnceByMany;

    /// <summary>The load that defines the value, if it may be folded into the instruction being lowered; commit with <see cref="Sink"/>.</summary>
    public bool SinkableLoad(Value value, out Inst load)
    {
        load = Dfg.DefInst(value);
        if (load.IsNone || _useCounts[value.Index] != UseCount.Once)
        {
            return false;
        }

        Opcode opcode = Dfg[load].Opcode;
        return (opcode == Opcode.Load || opcode is >= Opcode.Uload8 and <= Opcode.Sload32) && IsSinkable(load);
    }

    /// <summary>
    /// Whether nothing with an effect stands between <paramref name="inst"/> (an instruction of the block being lowered with one use, by
    /// the instruction being lowered) and the instruction being lowered.
    /// </summary>
    public bool IsSinkable(Inst inst)
    {
        uint after = _colors[inst.Index] + (ChangesColor(inst) ? 1u : 0);
        return after == _currentColor && !_isSunk[inst.Index];
    }

    /// <summary>Commits to emitting <paramref name="inst"/> as part of the instruction being lowered.</summary>
    public void Sink(Inst inst)
    {
        _isSunk[inst.Index] = true;
        if (ChangesColor(inst))
        {
            // What precedes it may now be folded across it, into the same machine instruction.
            _currentColor = _colors[inst.Index];
        }
    }

    /// <summary>Byte offset of a stack_addr's target in the slot area.</summary>
    public int StackSlotOffset(StackSlot slot) => StackSlotOffsets[slot.Index];

    // ---- registers

    /// <summary>A new virtual register.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public VReg NewReg(RegClass regClass)
    {
        _aliases.Add(default);
        return new VReg(Code.VRegCount++, regClass);
    }

    public VReg NewInt() => NewReg(RegClass.Int);

    public VReg NewFloat() => NewReg(RegClass.Float);

    /// <summary>New registers for a value of this type.</summary>
    public ValueRegs NewRegs(IrType type)
    {
        if (type.IsInt)
        {
            return type == IrType.I128 ? new(NewInt(), NewInt()) : new(NewInt());
        }

        if (type.Bits > 64)
        {
            Code.FloatSpillWords = 2;
        }

        return new(NewFloat());
    }

    /// <summary>The register of a value, which will be computed because of this call. Constants are made anew at each use.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public VReg Put(Value value) => PutRegs(value).Low;

    /// <summary>The registers of a value, see <see cref="Put"/>.</summary>
    public ValueRegs PutRegs(Value value)
    {
        Inst inst = Dfg.DefInst(value);
        if (!inst.IsNone && IsConstant(Dfg[inst].Opcode))
        {
            return MaterializeConstant(inst);
        }

        _isNeeded[value.Index] = true;
        return _valueRegs[value.Index];
    }

    /// <summary>The registers that users of a value refer to.</summary>
    public ValueRegs RegsOf(Value value) => _valueRegs[value.Index];

    /// <summary>Makes <paramref name="defined"/>, which users refer to, another name for <paramref name="actual"/>.</summary>
    public void Alias(VReg defined, VReg actual)
    {
        Debug.Assert(defined.Class == actual.Class && _aliases[defined.Index].IsNone);
        _aliases[defined.Index] = actual;
    }

    public void Alias(ValueRegs defined, ValueRegs actual)
    {
        Alias(defined.Low, actual.Low);
        if (defined.IsPair)
        {
            Alias(defined.High, actual.High);
        }
    }

    /// <summary>Gives the instruction's result <paramref name="index"/> its registers.</summary>
    public void SetResult(Inst inst, int index, ValueRegs actual) => Alias(_valueRegs[Dfg.Results(inst)[index].Index], actual);

    /// <summary>Whether any lowered instruction uses this value's register.</summary>
    public bool IsNeeded(Value value) => _isNeeded[value.Index];

    // ---- emission

    /// <summary>
    /// Starts a machine instruction of the current group. Its operands are added with <see cref="Use"/> before the next one starts.
    /// The reference is valid until then.
    /// </summary>
    public ref MachineInst Begin(ushort form, int size = 0)
    {
        _group.Add(default);
        ref MachineInst inst = ref _group.Last;
        inst.Form = form;
        inst.Size = (byte)size;
        inst.FirstOperand = Code.Operands.Count;
        return ref inst;
    }

    /// <summary>Adds an operand to the machine instruction that was started last.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Use(Operand operand)
    {
        Debug.Assert(!operand.Reg.IsNone);
        Code.Operands.Add(operand);
        _group.Last.OperandCount++;
    }

    /// <summary>The machine instruction that was started last.</summary>
    protected ref MachineInst Current => ref _group.Last;

    /// <summary>The handle of a clobber set.</summary>
    public ushort ClobberSet(RegSet set)
    {
        Span<RegSet> known = Code.ClobberSets.Span;
        int index = known.IndexOf(set);
        if (index < 0)
        {
            index = known.Length;
            Code.ClobberSets.Add(set);
        }

        return (ushort)index;
    }

    /// <summary>The handle of a symbol.</summary>
    public int Symbol(ExternalName name)
    {
        Span<ExternalName> known = Symbols.Span;
        int index = known.IndexOf(name);
        if (index < 0)
        {
            index = known.Length;
            Symbols.Add(name);
        }

        return index;
    }

    /// <summary>Makes room for a call's stack arguments.</summary>
    public void ReserveOutgoing(int bytes) => OutgoingArgSize = Math.Max(OutgoingArgSize, bytes);

    /// <summary>Gives up on this function: the combination is not supported.</summary>
    public VReg Unsupported(Inst inst)
    {
        ref InstructionData data = ref Dfg[inst];
        IrType type = data.Type;
        ReadOnlySpan<Value> args = Dfg.Args(inst);
        string operands = "";
        foreach (Value arg in args)
        {
            operands += (operands.Length == 0 ? " on " : ", ") + Dfg.TypeOf(Dfg.Resolve(arg));
        }

        Fail($"unsupported: {data.Opcode.Info().Name}{(type.IsNone ? "" : "." + type)}{operands} on {TargetName}");
        return NewInt();
    }

    /// <summary>Gives up on this function.</summary>
    public void Fail(string message) => Error ??= message;

    // ---- the ISA's part

    /// <summary>Name of the architecture, for messages.</summary>
    protected abstract string TargetName { get; }

    /// <summary>Emits code that defines the result of a constant instruction.</summary>
    protected abstract ValueRegs MaterializeConstant(Inst inst);

    /// <summary>Prepares for a function.</summary>
    protected virtual void BeginFunction()
    {
    }

    private static bool IsConstant(Opcode opcode) => opcode is >= Opcode.Iconst and <= Opcode.Vconst;
}
