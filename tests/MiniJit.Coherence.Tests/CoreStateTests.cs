using MiniJit.Coherence.Machine;
using Xunit;

namespace MiniJit.Coherence.Tests;

public sealed class CoreStateTests
{
    [Fact]
    public void Register_31_is_the_zero_register_or_the_stack_pointer()
    {
        CoreState state = default;
        state.WriteX(31, 5);
        Assert.Equal(0ul, state.ReadX(31));
        state.WriteXOrStackPointer(31, 7);
        Assert.Equal(0ul, state.ReadX(31));
        Assert.Equal(7ul, state.ReadXOrStackPointer(31));
        Assert.Equal(0ul, state.General[CoreState.ZeroRegister]);
    }

    [Fact]
    public void Scalar_writes_clear_the_rest_of_the_vector_register()
    {
        CoreState state = default;
        state.WriteScalar(3, System.UInt128.MaxValue);
        state.WriteScalar(3, 1.5f);
        Assert.Equal(1.5f, state.ReadScalar<float>(3));
        Assert.Equal((System.UInt128)0x3FC0_0000, state.ReadScalar<System.UInt128>(3));
    }
}
