// Puts a few dozen AArch64 instructions behind each other, for programs that are not compiled: values of the backend's own encoder, labels, and
// relocations against symbols.
using System;
using System.Buffers.Binary;
using MiniJit.Backend.Arm64;
using MiniJit.Codegen;
using MiniJit.IR;
using MiniJit.IR.Collections;

namespace MiniJit.Filetests.Engines;

/// <summary>Assembles one piece of code. Registers are numbers; 31 is the stack pointer or zero by instruction.</summary>
internal sealed class A64Assembler
{
    private Column<A64Instruction> _code;
    private Column<int> _labels;
    private Column<(int Place, int Label)> _branches;
    private Column<Relocation> _relocations;

    /// <summary>Places to fill in.</summary>
    public ReadOnlySpan<Relocation> Relocations => _relocations.Span;

    /// <summary>A place that is not known yet.</summary>
    public int NewLabel()
    {
        _labels.Add(-1);
        return _labels.Count - 1;
    }

    /// <summary>The label is here.</summary>
    public void Bind(int label) => _labels[label] = _code.Count;

    /// <summary><c>mov rd, #imm</c>, 16 bits.</summary>
    public void Mov(int rd, int imm) => Emit(new(A64Form.Movz, 8) { Rd = (byte)rd, Imm = imm });

    /// <summary><c>add rd, rn, #imm</c>; also moves from and to the stack pointer.</summary>
    public void Add(int rd, int rn, int imm) => Emit(new(A64Form.AddImm, 8) { Rd = (byte)rd, Rn = (byte)rn, Imm = imm });

    /// <summary><c>sub rd, rn, #imm, lsl #12</c></summary>
    public void SubPages(int rd, int rn, int pages) => Emit(new(A64Form.SubImm, 8) { Rd = (byte)rd, Rn = (byte)rn, Imm = pages, Aux = 1 });

    /// <summary><c>add rd, rn, rm</c></summary>
    public void AddRegister(int rd, int rn, int rm) => Emit(new(A64Form.AddShifted, 8) { Rd = (byte)rd, Rn = (byte)rn, Rm = (byte)rm });

    /// <summary><c>subs rd, rn, rm</c></summary>
    public void SubsRegister(int rd, int rn, int rm) => Emit(new(A64Form.SubsShifted, 8) { Rd = (byte)rd, Rn = (byte)rn, Rm = (byte)rm });

    /// <summary><c>ldr rt, [rn, #offset]</c></summary>
    public void Load(int rt, int rn, int offset) => Transfer(MemoryAccess.LdrX, rt, rn, offset);

    /// <summary><c>str rt, [rn, #offset]</c></summary>
    public void Store(int rt, int rn, int offset) => Transfer(MemoryAccess.StrX, rt, rn, offset);

    /// <summary><c>blr rn</c></summary>
    public void CallRegister(int rn) => Emit(new(A64Form.Blr, 0) { Rn = (byte)rn });

    /// <summary>A Linux call: its number to x8, then <c>svc #0</c>.</summary>
    public void SystemCall(int number)
    {
        Mov(8, number);
        Emit(new(A64Form.Svc, 0));
    }

    /// <summary><c>b label</c></summary>
    public void Branch(int label) => EmitTo(new(A64Form.B, 0), label);

    /// <summary><c>b.cond label</c></summary>
    public void Branch(Condition condition, int label) => EmitTo(new(A64Form.BCond, 0) { Cond = (byte)condition }, label);

    /// <summary><c>cbnz rt, label</c></summary>
    public void BranchIfNotZero(int rt, int label) => EmitTo(new(A64Form.Cbnz, 8) { Rd = (byte)rt }, label);

    /// <summary><c>adr rd, label</c></summary>
    public void Address(int rd, int label) => EmitTo(new(A64Form.Adr, 0) { Rd = (byte)rd }, label);

    /// <summary><c>adrp rd, symbol ; add rd, rd, :lo12:symbol</c></summary>
    public void Address(int rd, ExternalName symbol)
    {
        _relocations.Add(new(4 * _code.Count, RelocationKind.Arm64AdrPage21, symbol, 0));
        Emit(new(A64Form.Adrp, 0) { Rd = (byte)rd });
        _relocations.Add(new(4 * _code.Count, RelocationKind.Arm64AddLo12, symbol, 0));
        Add(rd, rd, 0);
    }

    /// <summary>The code, with all branches resolved.</summary>
    public byte[] Finish()
    {
        foreach ((int place, int label) in _branches.Span)
        {
            _code[place].Imm = 4 * (_labels[label] - place);
        }

        byte[] bytes = new byte[4 * _code.Count];
        for (int i = 0; i < _code.Count; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(4 * i), Encode.Instruction(_code[i]));
        }

        return bytes;
    }

    private void Transfer(MemoryAccess access, int rt, int rn, int offset) =>
        Emit(new(A64Form.LoadStoreUnsigned, 0) { Rd = (byte)rt, Rn = (byte)rn, Imm = offset, Aux = (byte)access });

    private void EmitTo(A64Instruction branch, int label)
    {
        _branches.Add((_code.Count, label));
        Emit(branch);
    }

    private void Emit(A64Instruction instruction) => _code.Add(instruction);
}
