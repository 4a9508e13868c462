// What is compiled again and again:
//
//   function %f(i64, i64) -> i64 {
//   block0(v0: i64, v1: i64):
//       jump block1(v0, v1)
//   block1(v2: i64, v3: i64):                 ; v3 times: some calls are over at once, some stay inside for long
//       brif v3, block2, block3
//   block2:
//       v2 + step, v3 - 1, back to block1
//   block3:                                   ; a random number of additions, so that sizes differ and freed ranges are cut up anew
//       return v2 + … + tag
//   }
// The tag says which version of which function this is, so the result tells whether it was the right one.
using MiniJit.IR;
using MiniJit.IR.Building;

namespace MiniJit.Filetests.Stress;

internal sealed class StressFunction
{
    public const int MostFillers = 40;

    private const ulong Step = 0x9E37_79B9_7F4A_7C15;

    private readonly Function _function = new(default);
    private readonly FunctionBuilder _builder;

    public StressFunction() => _builder = new(_function);

    public static Signature MakeSignature(CallConv convention)
    {
        Signature signature = new(convention);
        signature.Params.AddRange([new(IrType.I64), new(IrType.I64)]);
        signature.Returns.Add(new(IrType.I64));
        return signature;
    }

    /// <summary>What a version returns.</summary>
    public static ulong Expect(ulong value, ulong count, ulong tag) => value + (count * Step) + tag;

    /// <summary>Which version returned this.</summary>
    public static ulong TagOf(ulong result, ulong value, ulong count) => result - value - (count * Step);

    /// <summary>Builds a version; valid until the next is built.</summary>
    public Function Build(ExternalName name, CallConv convention, ulong tag, int fillers, ref SplitMix64 random)
    {
        _function.Clear();
        _function.Name = name;
        _function.Signature.CopyFrom(MakeSignature(convention));
        _builder.Begin(_function);
        Block entry = _builder.CreateEntry(), loop = _builder.CreateBlock(IrType.I64, IrType.I64);
        Block body = _builder.CreateBlock(), end = _builder.CreateBlock();
        _builder.SwitchTo(entry);
        _builder.Jump(loop, _builder.Param(entry, 0), _builder.Param(entry, 1));

        _builder.SwitchTo(loop);
        Value sum = _builder.Param(loop, 0), left = _builder.Param(loop, 1);
        _builder.Brif(left, body, end);

        _builder.SwitchTo(body);
        Value next = _builder.Iadd(sum, _builder.Iconst(IrType.I64, unchecked((long)Step)));
        _builder.Jump(loop, next, _builder.Iadd(left, _builder.Iconst(IrType.I64, -1)));

        _builder.SwitchTo(end);
        for (int i = 0; i < fillers; i++)
        {
            ulong filler = random.Next();
            tag -= filler;
            sum = _builder.Iadd(sum, _builder.Iconst(IrType.I64, unchecked((long)filler)));
        }

        _builder.Return(_builder.Iadd(sum, _builder.Iconst(IrType.I64, unchecked((long)tag))));
        _builder.Finish();
        return _function;
    }
}
