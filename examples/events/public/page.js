// Listens to the channel and shows what it hears. EventSource comes back by itself when the connection is lost.

const element = id => document.getElementById(id);

const source = new EventSource('lobby/events');
source.onopen = () => {
  element('state').textContent = 'Listening.';
};
source.onerror = () => {
  element('state').textContent = 'Disconnected; trying again …';
};
source.onmessage = ({ data }) => {
  const item = document.createElement('li');
  // Text, never markup: it comes from others.
  item.textContent = data;
  element('messages').prepend(item);
};

element('say').addEventListener('submit', async event => {
  event.preventDefault();
  const form = event.target;
  const response = await fetch('lobby', { method: 'POST', body: form.elements.text.value });
  if (response.ok) form.reset();
  else element('state').textContent = await response.text();
});
